// SPDX-License-Identifier: MIT
#include "emulated_kernels.hpp"
#include "kernels/modules/tile_bf16.cu"
#include "kernels/modules/tile_bytes.cu"
#include "kernels/modules/tile_bytes_cosine.cu"
#include "kernels/modules/tile_u8.cu"

namespace skep::cuda::emulation {

std::span<const Kernel> tile_kernels() {
    static const Kernel kKernels[] = {
        SKEP_EMULATED_KERNEL(tile_bf16, TileParams),
        SKEP_EMULATED_KERNEL(tile_u8, TileParams),
        SKEP_EMULATED_KERNEL(tile_bytes, TileBytesParams),
        SKEP_EMULATED_KERNEL(tile_bytes_cosine, TileBytesParams),
    };
    return kKernels;
}

}  // namespace skep::cuda::emulation
