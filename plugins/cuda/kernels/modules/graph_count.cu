// SPDX-License-Identifier: MIT
// graph_count: see graph_link.cuh.
#include "graph_link.cuh"

namespace skep::cuda {

SKEP_KERNEL(kGraphThreads) graph_count(GraphReverseParams params) {
    graph_count_body(params);
}

}  // namespace skep::cuda
