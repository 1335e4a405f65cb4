// SPDX-License-Identifier: MIT
#include "emulated_kernels.hpp"
#include "kernels/modules/sweep_bytes_eight.cu"
#include "kernels/modules/sweep_bytes_one.cu"
#include "kernels/modules/sweep_s8_s8_eight.cu"
#include "kernels/modules/sweep_s8_s8_one.cu"
#include "kernels/modules/sweep_s8_u8_eight.cu"
#include "kernels/modules/sweep_s8_u8_one.cu"
#include "kernels/modules/sweep_u8_u8_eight.cu"
#include "kernels/modules/sweep_u8_u8_one.cu"

namespace skep::cuda::emulation {

std::span<const Kernel> sweep_kernels() {
    static const Kernel kKernels[] = {
        SKEP_EMULATED_KERNEL(sweep_bytes_eight, SweepParams),
        SKEP_EMULATED_KERNEL(sweep_bytes_one, SweepParams),
        SKEP_EMULATED_KERNEL(sweep_s8_s8_eight, SweepParams),
        SKEP_EMULATED_KERNEL(sweep_s8_s8_one, SweepParams),
        SKEP_EMULATED_KERNEL(sweep_s8_u8_eight, SweepParams),
        SKEP_EMULATED_KERNEL(sweep_s8_u8_one, SweepParams),
        SKEP_EMULATED_KERNEL(sweep_u8_u8_eight, SweepParams),
        SKEP_EMULATED_KERNEL(sweep_u8_u8_one, SweepParams),
    };
    return kKernels;
}

}  // namespace skep::cuda::emulation
