// SPDX-License-Identifier: MIT
#include "emulated_kernels.hpp"
#include "kernels/modules/plain_cosine_f32.cu"
#include "kernels/modules/plain_cosine_narrow.cu"
#include "kernels/modules/plain_cosine_u8.cu"
#include "kernels/modules/plain_inner_product_f32.cu"
#include "kernels/modules/plain_inner_product_narrow.cu"
#include "kernels/modules/plain_inner_product_u8.cu"
#include "kernels/modules/plain_l2_f32.cu"
#include "kernels/modules/plain_l2_narrow.cu"
#include "kernels/modules/plain_l2_u8.cu"

namespace skep::cuda::emulation {

std::span<const Kernel> plain_kernels() {
    static const Kernel kKernels[] = {
        SKEP_EMULATED_KERNEL(plain_cosine_f32, PlainSearchParams),
        SKEP_EMULATED_KERNEL(plain_cosine_narrow, PlainSearchParams),
        SKEP_EMULATED_KERNEL(plain_cosine_u8, PlainSearchParams),
        SKEP_EMULATED_KERNEL(plain_inner_product_f32, PlainSearchParams),
        SKEP_EMULATED_KERNEL(plain_inner_product_narrow, PlainSearchParams),
        SKEP_EMULATED_KERNEL(plain_inner_product_u8, PlainSearchParams),
        SKEP_EMULATED_KERNEL(plain_l2_f32, PlainSearchParams),
        SKEP_EMULATED_KERNEL(plain_l2_narrow, PlainSearchParams),
        SKEP_EMULATED_KERNEL(plain_l2_u8, PlainSearchParams),
    };
    return kKernels;
}

}  // namespace skep::cuda::emulation
