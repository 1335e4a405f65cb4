// SPDX-License-Identifier: MIT
// plain_search of f16, bf16 and i8 rows by inner product: see plain_search.cuh. A module of its
// own, so that a first search compiles no other.
#include "plain_search.cuh"

namespace skep::cuda {

SKEP_KERNEL(kPlainThreads) plain_inner_product_narrow(PlainSearchParams params) {
    plain_search<Narrow, kInnerProduct>(params);
}

}  // namespace skep::cuda
