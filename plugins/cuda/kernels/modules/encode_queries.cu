// SPDX-License-Identifier: MIT
// encode for queries: see encode.cuh. A module of its own, so that a first use
// compiles no other.
#include "encode.cuh"

namespace skep::cuda {

SKEP_KERNEL(kEncodeThreads) encode_queries(EncodeQueriesParams params) {
    encode_queries_body(params);
}

}  // namespace skep::cuda
