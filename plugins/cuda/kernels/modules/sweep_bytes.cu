// SPDX-License-Identifier: MIT
// sweep_bytes by l2 and inner product: see sweep_bytes.cuh. A module of its own, so that a first
// search compiles no other.
#include "sweep_bytes.cuh"

namespace skep::cuda {

SKEP_KERNEL(kSweepThreads) sweep_bytes(SweepParams params) {
    sweep_bytes<false>(params);
}

}  // namespace skep::cuda
