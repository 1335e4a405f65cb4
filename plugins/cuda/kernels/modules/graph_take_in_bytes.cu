// SPDX-License-Identifier: MIT
// graph_take_in for whole numbers: see graph_link.cuh.
#include "graph_link.cuh"

namespace skep::cuda {

SKEP_KERNEL(kGraphThreads) graph_take_in_bytes(GraphReverseParams params) {
    graph_take_in<Codes::kBytes>(params);
}

}  // namespace skep::cuda
