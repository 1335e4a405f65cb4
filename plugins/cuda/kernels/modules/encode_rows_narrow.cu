// SPDX-License-Identifier: MIT
// encode for f16, bf16 and i8 rows: see encode.cuh. A module of its own, so that a first use
// compiles no other.
#include "encode.cuh"

namespace skep::cuda {

SKEP_KERNEL(kEncodeThreads) encode_rows_narrow(EncodeRowsParams params) {
    encode_rows<Narrow>(params);
}

}  // namespace skep::cuda
