// SPDX-License-Identifier: MIT
// graph_search of signed queries against unsigned rows: see graph_walk.cuh.
#include "graph_walk.cuh"

namespace skep::cuda {

SKEP_KERNEL_RESIDENT(kWalkThreads, 24) graph_search_s8_u8(GraphSearchParams params) {
    graph_search<Codes::kS8U8>(params);
}

}  // namespace skep::cuda
