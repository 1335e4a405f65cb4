// SPDX-License-Identifier: MIT
// select for f16, bf16 and i8 rows: see select.cuh. A module of its own, so that a first search
// compiles no other.
#include "select.cuh"

namespace skep::cuda {

SKEP_KERNEL(kSelectMaxThreads) select_narrow(SelectParams params) {
    select<Narrow>(params);
}

}  // namespace skep::cuda
