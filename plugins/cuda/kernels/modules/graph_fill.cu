// SPDX-License-Identifier: MIT
// graph_fill: see graph_link.cuh.
#include "graph_link.cuh"

namespace skep::cuda {

SKEP_KERNEL(kGraphThreads) graph_fill(GraphReverseParams params) {
    graph_fill_body(params);
}

}  // namespace skep::cuda
