// SPDX-License-Identifier: MIT
#include "kernels/select.cu"

#include "emulated_kernels.hpp"

namespace skep::cuda::emulation {

std::span<const Kernel> select_kernels() {
    static const Kernel kKernels[] = {
        SKEP_EMULATED_KERNEL(select_f32, SelectParams),
        SKEP_EMULATED_KERNEL(select_u8, SelectParams),
    };
    return kKernels;
}

}  // namespace skep::cuda::emulation
