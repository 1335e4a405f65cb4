// SPDX-License-Identifier: MIT
// exact_scan for f16, bf16 and i8 rows: see exact_scan.cuh. A module of its own, so that a first
// search compiles no other.
#include "exact_scan.cuh"

namespace skep::cuda {

SKEP_KERNEL(kExactThreads) exact_scan_narrow(ExactScanParams params) {
    exact_scan<Narrow>(params);
}

}  // namespace skep::cuda
