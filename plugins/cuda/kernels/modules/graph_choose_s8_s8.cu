// SPDX-License-Identifier: MIT
// graph_choose for signed rows: see graph_link.cuh.
#include "graph_link.cuh"

namespace skep::cuda {

SKEP_KERNEL(kGraphThreads) graph_choose_s8_s8(GraphChooseParams params) {
    graph_choose<Codes::kS8S8>(params);
}

}  // namespace skep::cuda
