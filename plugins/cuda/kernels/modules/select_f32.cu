// SPDX-License-Identifier: MIT
// select for f32 rows: see select.cuh. A module of its own, so that a first search compiles no
// other.
#include "select.cuh"

namespace skep::cuda {

SKEP_KERNEL(kSelectMaxThreads) select_f32(SelectParams params) {
    select<float>(params);
}

}  // namespace skep::cuda
