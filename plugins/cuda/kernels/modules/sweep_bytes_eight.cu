// SPDX-License-Identifier: MIT
// sweep of byte queries against byte rows, in integers, eight at a time: see sweep.cuh. A module of
// its own, so that a first search compiles no other.
#include "sweep.cuh"

namespace skep::cuda {

SKEP_KERNEL(kSweepThreads) sweep_bytes_eight(SweepParams params) {
    sweep<Codes::kBytes, 8>(params);
}

}  // namespace skep::cuda
