// SPDX-License-Identifier: MIT
// graph_choose for unsigned scaled rows: see graph_link.cuh.
#include "graph_link.cuh"

namespace skep::cuda {

SKEP_KERNEL(kGraphThreads) graph_choose_u8_u8(GraphChooseParams params) {
    graph_choose<Codes::kU8U8>(params);
}

}  // namespace skep::cuda
