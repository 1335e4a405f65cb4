// SPDX-License-Identifier: MIT
// select for u8 rows: see select.cuh. A module of its own, so that a first search compiles no
// other.
#include "select.cuh"

namespace skep::cuda {

SKEP_KERNEL(kSelectMaxThreads) select_u8(SelectParams params) {
    select<uint8_t>(params);
}

}  // namespace skep::cuda
