// SPDX-License-Identifier: MIT
// sweep of signed queries against signed rows, one at a time: see sweep.cuh. A module of its own,
// so that a first search compiles no other.
#include "sweep.cuh"

namespace skep::cuda {

SKEP_KERNEL(kSweepThreads) sweep_s8_s8_one(SweepParams params) {
    sweep<Codes::kS8S8, 1>(params);
}

}  // namespace skep::cuda
