// SPDX-License-Identifier: MIT
#include "emulated_kernels.hpp"
#include "kernels/modules/tile_bytes.cu"
#include "kernels/modules/tile_bytes_sample.cu"
#include "kernels/modules/tile_long_bytes.cu"
#include "kernels/modules/tile_long_bytes_sample.cu"
#include "kernels/modules/tile_long_s8_s8.cu"
#include "kernels/modules/tile_long_s8_s8_sample.cu"
#include "kernels/modules/tile_long_s8_u8.cu"
#include "kernels/modules/tile_long_s8_u8_sample.cu"
#include "kernels/modules/tile_s8_s8.cu"
#include "kernels/modules/tile_s8_s8_sample.cu"
#include "kernels/modules/tile_s8_u8.cu"
#include "kernels/modules/tile_s8_u8_sample.cu"
#include "kernels/modules/tile_u8_u8.cu"
#include "kernels/modules/tile_u8_u8_sample.cu"
#include "kernels/modules/tile_warpgroup_bytes.cu"
#include "kernels/modules/tile_warpgroup_bytes_sample.cu"
#include "kernels/modules/tile_warpgroup_s8_s8.cu"
#include "kernels/modules/tile_warpgroup_s8_s8_sample.cu"
#include "kernels/modules/tile_warpgroup_u8_u8.cu"
#include "kernels/modules/tile_warpgroup_u8_u8_sample.cu"

namespace skep::cuda::emulation {

std::span<const Kernel> tile_kernels() {
    static const Kernel kKernels[] = {
        SKEP_EMULATED_KERNEL(tile_bytes, TileParams),
        SKEP_EMULATED_KERNEL(tile_bytes_sample, TileParams),
        SKEP_EMULATED_KERNEL(tile_long_bytes, TileParams),
        SKEP_EMULATED_KERNEL(tile_long_bytes_sample, TileParams),
        SKEP_EMULATED_KERNEL(tile_long_s8_s8, TileParams),
        SKEP_EMULATED_KERNEL(tile_long_s8_s8_sample, TileParams),
        SKEP_EMULATED_KERNEL(tile_long_s8_u8, TileParams),
        SKEP_EMULATED_KERNEL(tile_long_s8_u8_sample, TileParams),
        SKEP_EMULATED_KERNEL(tile_s8_s8, TileParams),
        SKEP_EMULATED_KERNEL(tile_s8_s8_sample, TileParams),
        SKEP_EMULATED_KERNEL(tile_s8_u8, TileParams),
        SKEP_EMULATED_KERNEL(tile_s8_u8_sample, TileParams),
        SKEP_EMULATED_KERNEL(tile_u8_u8, TileParams),
        SKEP_EMULATED_KERNEL(tile_u8_u8_sample, TileParams),
        SKEP_EMULATED_KERNEL(tile_warpgroup_bytes, WarpgroupParams),
        SKEP_EMULATED_KERNEL(tile_warpgroup_bytes_sample, WarpgroupParams),
        SKEP_EMULATED_KERNEL(tile_warpgroup_s8_s8, WarpgroupParams),
        SKEP_EMULATED_KERNEL(tile_warpgroup_s8_s8_sample, WarpgroupParams),
        SKEP_EMULATED_KERNEL(tile_warpgroup_u8_u8, WarpgroupParams),
        SKEP_EMULATED_KERNEL(tile_warpgroup_u8_u8_sample, WarpgroupParams),
    };
    return kKernels;
}

}  // namespace skep::cuda::emulation
