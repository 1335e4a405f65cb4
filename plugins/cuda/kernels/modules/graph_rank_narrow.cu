// SPDX-License-Identifier: MIT
// graph_rank for narrow rows: see graph_rank.cuh.
#include "graph_rank.cuh"

namespace skep::cuda {

SKEP_KERNEL(kRankThreads) graph_rank_narrow(GraphRankParams params) {
    graph_rank<Narrow>(params);
}

}  // namespace skep::cuda
