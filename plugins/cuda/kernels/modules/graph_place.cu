// SPDX-License-Identifier: MIT
// graph_place: see graph_link.cuh.
#include "graph_link.cuh"

namespace skep::cuda {

SKEP_KERNEL(kGraphThreads) graph_place(GraphReverseParams params) {
    graph_place_body(params);
}

}  // namespace skep::cuda
