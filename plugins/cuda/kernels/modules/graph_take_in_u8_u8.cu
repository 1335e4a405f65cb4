// SPDX-License-Identifier: MIT
// graph_take_in for unsigned scaled rows: see graph_link.cuh.
#include "graph_link.cuh"

namespace skep::cuda {

SKEP_KERNEL(kGraphThreads) graph_take_in_u8_u8(GraphReverseParams params) {
    graph_take_in<Codes::kU8U8>(params);
}

}  // namespace skep::cuda
