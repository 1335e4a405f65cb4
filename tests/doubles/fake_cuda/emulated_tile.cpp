// SPDX-License-Identifier: MIT
#include "emulated_kernels.hpp"
#include "kernels/modules/tile_bf16.cu"
#include "kernels/modules/tile_u8.cu"

namespace skep::cuda::emulation {

std::span<const Kernel> tile_kernels() {
    static const Kernel kKernels[] = {
        SKEP_EMULATED_KERNEL(tile_bf16, TileParams),
        SKEP_EMULATED_KERNEL(tile_u8, TileParams),
    };
    return kKernels;
}

}  // namespace skep::cuda::emulation
