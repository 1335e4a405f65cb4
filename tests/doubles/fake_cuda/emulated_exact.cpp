// SPDX-License-Identifier: MIT
#include "emulated_kernels.hpp"
#include "kernels/modules/exact_scan_f32.cu"
#include "kernels/modules/exact_scan_narrow.cu"
#include "kernels/modules/exact_scan_u8.cu"
#include "kernels/modules/exact_select.cu"

namespace skep::cuda::emulation {

std::span<const Kernel> exact_kernels() {
    static const Kernel kKernels[] = {
        SKEP_EMULATED_KERNEL(exact_scan_f32, ExactScanParams),
        SKEP_EMULATED_KERNEL(exact_scan_narrow, ExactScanParams),
        SKEP_EMULATED_KERNEL(exact_scan_u8, ExactScanParams),
        SKEP_EMULATED_KERNEL(exact_select, ExactSelectParams),
    };
    return kKernels;
}

}  // namespace skep::cuda::emulation
