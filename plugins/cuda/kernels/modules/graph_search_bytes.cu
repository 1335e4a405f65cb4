// SPDX-License-Identifier: MIT
// graph_search of whole numbers: see graph_walk.cuh.
#include "graph_walk.cuh"

namespace skep::cuda {

SKEP_KERNEL_RESIDENT(kWalkThreads, 24) graph_search_bytes(GraphSearchParams params) {
    graph_search<Codes::kBytes>(params);
}

}  // namespace skep::cuda
