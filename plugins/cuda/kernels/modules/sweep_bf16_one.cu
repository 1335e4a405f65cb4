// SPDX-License-Identifier: MIT
// sweep one query against f32 rows, kept as bf16: see sweep.cuh. A module of its own, so that a
// first search compiles no other.
#include "sweep.cuh"

namespace skep::cuda {

SKEP_KERNEL(kSweepThreads) sweep_bf16_one(SweepParams params) {
    sweep<uint16_t, 1>(params);
}

}  // namespace skep::cuda
