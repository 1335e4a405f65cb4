// SPDX-License-Identifier: MIT
// sweep of signed queries against unsigned rows, eight at a time: see sweep.cuh. A module of its
// own, so that a first search compiles no other.
#include "sweep.cuh"

namespace skep::cuda {

SKEP_KERNEL(kSweepThreads) sweep_s8_u8_eight(SweepParams params) {
    sweep<Codes::kS8U8, 8>(params);
}

}  // namespace skep::cuda
