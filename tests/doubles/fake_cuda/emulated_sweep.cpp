// SPDX-License-Identifier: MIT
#include "emulated_kernels.hpp"
#include "kernels/modules/sweep_bf16_eight.cu"
#include "kernels/modules/sweep_bf16_one.cu"
#include "kernels/modules/sweep_bytes.cu"
#include "kernels/modules/sweep_bytes_cosine.cu"
#include "kernels/modules/sweep_u8_eight.cu"
#include "kernels/modules/sweep_u8_one.cu"

namespace skep::cuda::emulation {

std::span<const Kernel> sweep_kernels() {
    static const Kernel kKernels[] = {
        SKEP_EMULATED_KERNEL(sweep_bf16_one, SweepParams),
        SKEP_EMULATED_KERNEL(sweep_bf16_eight, SweepParams),
        SKEP_EMULATED_KERNEL(sweep_u8_one, SweepParams),
        SKEP_EMULATED_KERNEL(sweep_bytes, SweepParams),
        SKEP_EMULATED_KERNEL(sweep_bytes_cosine, SweepParams),
        SKEP_EMULATED_KERNEL(sweep_u8_eight, SweepParams),
    };
    return kKernels;
}

}  // namespace skep::cuda::emulation
