// SPDX-License-Identifier: MIT
// plain_search of u8 rows by l2: see plain_search.cuh. A module of its own, so that a first search
// compiles no other.
#include "plain_search.cuh"

namespace skep::cuda {

SKEP_KERNEL(kPlainThreads) plain_l2_u8(PlainSearchParams params) {
    plain_search<uint8_t, kL2>(params);
}

}  // namespace skep::cuda
