// SPDX-License-Identifier: MIT
// sweep_bytes by cosine: see sweep_bytes.cuh. A module of its own, so that a first search compiles
// no other.
#include "sweep_bytes.cuh"

namespace skep::cuda {

SKEP_KERNEL(kSweepThreads) sweep_bytes_cosine(SweepParams params) {
    sweep_bytes<true>(params);
}

}  // namespace skep::cuda
