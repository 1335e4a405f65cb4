// SPDX-License-Identifier: MIT
// plain_search of u8 rows by inner product: see plain_search.cuh. A module of its own, so that a
// first search compiles no other.
#include "plain_search.cuh"

namespace skep::cuda {

SKEP_KERNEL(kPlainThreads) plain_inner_product_u8(PlainSearchParams params) {
    plain_search<uint8_t, kInnerProduct>(params);
}

}  // namespace skep::cuda
