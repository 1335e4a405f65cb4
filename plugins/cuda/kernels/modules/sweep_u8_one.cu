// SPDX-License-Identifier: MIT
// sweep one query against u8 rows: see sweep.cuh. A module of its own, so that a first search
// compiles no other.
#include "sweep.cuh"

namespace skep::cuda {

SKEP_KERNEL(kSweepThreads) sweep_u8_one(SweepParams params) {
    sweep<uint8_t, 1>(params);
}

}  // namespace skep::cuda
