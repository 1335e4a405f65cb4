// SPDX-License-Identifier: MIT
// sweep of unsigned scaled queries against unsigned rows, one at a time: see sweep.cuh. A module of
// its own, so that a first search compiles no other.
#include "sweep.cuh"

namespace skep::cuda {

SKEP_KERNEL(kSweepThreads) sweep_u8_u8_one(SweepParams params) {
    sweep<Codes::kU8U8, 1>(params);
}

}  // namespace skep::cuda
