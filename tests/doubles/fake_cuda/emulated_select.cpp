// SPDX-License-Identifier: MIT
#include "emulated_kernels.hpp"
#include "kernels/modules/select_f32.cu"
#include "kernels/modules/select_narrow.cu"
#include "kernels/modules/select_u8.cu"

namespace skep::cuda::emulation {

std::span<const Kernel> select_kernels() {
    static const Kernel kKernels[] = {
        SKEP_EMULATED_KERNEL(select_f32, SelectParams),
        SKEP_EMULATED_KERNEL(select_narrow, SelectParams),
        SKEP_EMULATED_KERNEL(select_u8, SelectParams),
    };
    return kKernels;
}

}  // namespace skep::cuda::emulation
