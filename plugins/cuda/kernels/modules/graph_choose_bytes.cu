// SPDX-License-Identifier: MIT
// graph_choose for whole numbers: see graph_link.cuh.
#include "graph_link.cuh"

namespace skep::cuda {

SKEP_KERNEL(kGraphThreads) graph_choose_bytes(GraphChooseParams params) {
    graph_choose<Codes::kBytes>(params);
}

}  // namespace skep::cuda
