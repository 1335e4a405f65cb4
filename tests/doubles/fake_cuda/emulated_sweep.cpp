// SPDX-License-Identifier: MIT
#include "kernels/sweep.cu"

#include "emulated_kernels.hpp"

namespace skep::cuda::emulation {

std::span<const Kernel> sweep_kernels() {
    static const Kernel kKernels[] = {
        SKEP_EMULATED_KERNEL(sweep_bf16_one, SweepParams),
        SKEP_EMULATED_KERNEL(sweep_bf16_eight, SweepParams),
        SKEP_EMULATED_KERNEL(sweep_u8_one, SweepParams),
        SKEP_EMULATED_KERNEL(sweep_u8_eight, SweepParams),
    };
    return kKernels;
}

}  // namespace skep::cuda::emulation
