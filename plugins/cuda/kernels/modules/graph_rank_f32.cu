// SPDX-License-Identifier: MIT
// graph_rank for f32 rows: see graph_rank.cuh.
#include "graph_rank.cuh"

namespace skep::cuda {

SKEP_KERNEL(kRankThreads) graph_rank_f32(GraphRankParams params) {
    graph_rank<float>(params);
}

}  // namespace skep::cuda
