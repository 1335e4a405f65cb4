// SPDX-License-Identifier: MIT
// encode for u8 rows: see encode.cuh. A module of its own, so that a first use
// compiles no other.
#include "encode.cuh"

namespace skep::cuda {

SKEP_KERNEL(kEncodeThreads) encode_rows_u8(EncodeRowsParams params) {
    encode_rows<uint8_t>(params);
}

}  // namespace skep::cuda
