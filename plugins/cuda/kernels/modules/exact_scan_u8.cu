// SPDX-License-Identifier: MIT
// exact_scan for u8 rows: see exact_scan.cuh. A module of its own, so that a first search compiles
// no other.
#include "exact_scan.cuh"

namespace skep::cuda {

SKEP_KERNEL(kExactThreads) exact_scan_u8(ExactScanParams params) {
    exact_scan<uint8_t>(params);
}

}  // namespace skep::cuda
