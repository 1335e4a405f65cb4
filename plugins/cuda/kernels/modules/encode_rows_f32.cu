// SPDX-License-Identifier: MIT
// encode for f32 rows: see encode.cuh. A module of its own, so that a first use
// compiles no other.
#include "encode.cuh"

namespace skep::cuda {

SKEP_KERNEL(kEncodeThreads) encode_rows_f32(EncodeRowsParams params) {
    encode_rows<float>(params);
}

}  // namespace skep::cuda
