// SPDX-License-Identifier: MIT
#include "emulated_kernels.hpp"
#include "kernels/modules/encode_queries.cu"
#include "kernels/modules/encode_rows_f32.cu"
#include "kernels/modules/encode_rows_narrow.cu"
#include "kernels/modules/encode_rows_u8.cu"
#include "kernels/modules/gather_rows.cu"

namespace skep::cuda::emulation {

std::span<const Kernel> encode_kernels() {
    static const Kernel kKernels[] = {
        SKEP_EMULATED_KERNEL(encode_rows_f32, EncodeRowsParams),
        SKEP_EMULATED_KERNEL(encode_rows_narrow, EncodeRowsParams),
        SKEP_EMULATED_KERNEL(encode_rows_u8, EncodeRowsParams),
        SKEP_EMULATED_KERNEL(encode_queries, EncodeQueriesParams),
        SKEP_EMULATED_KERNEL(gather_rows, GatherParams),
    };
    return kKernels;
}

}  // namespace skep::cuda::emulation
