// SPDX-License-Identifier: MIT
// plain_search of u8 rows by cosine: see plain_search.cuh. A module of its own, so that a first
// search compiles no other.
#include "plain_search.cuh"

namespace skep::cuda {

SKEP_KERNEL(kPlainThreads) plain_cosine_u8(PlainSearchParams params) {
    plain_search<uint8_t, kCosine>(params);
}

}  // namespace skep::cuda
