// SPDX-License-Identifier: MIT
// sweep eight queries against u8 rows: see sweep.cuh. A module of its own, so that a first search
// compiles no other.
#include "sweep.cuh"

namespace skep::cuda {

SKEP_KERNEL(kSweepThreads) sweep_u8_eight(SweepParams params) {
    sweep<uint8_t, 8>(params);
}

}  // namespace skep::cuda
