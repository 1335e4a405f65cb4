// SPDX-License-Identifier: MIT
// graph_take_in for signed rows: see graph_link.cuh.
#include "graph_link.cuh"

namespace skep::cuda {

SKEP_KERNEL(kGraphThreads) graph_take_in_s8_s8(GraphReverseParams params) {
    graph_take_in<Codes::kS8S8>(params);
}

}  // namespace skep::cuda
