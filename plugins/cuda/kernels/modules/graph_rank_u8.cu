// SPDX-License-Identifier: MIT
// graph_rank for u8 rows: see graph_rank.cuh.
#include "graph_rank.cuh"

namespace skep::cuda {

SKEP_KERNEL(kRankThreads) graph_rank_u8(GraphRankParams params) {
    graph_rank<uint8_t>(params);
}

}  // namespace skep::cuda
