// SPDX-License-Identifier: MIT
// tile_warpgroup of unsigned queries against unsigned rows, the best of each block: see
// tile_warpgroup.cuh.
#include "tile_warpgroup.cuh"

namespace skep::cuda {

SKEP_KERNEL(kTileThreads) tile_warpgroup_u8_u8_sample(WarpgroupParams params) {
    tile_warpgroup<Codes::kU8U8, true>(
        params.tile,
        SKEP_PARAMETER_ADDRESS(tile_warpgroup_u8_u8_sample, offsetof(WarpgroupParams, queries)),
        SKEP_PARAMETER_ADDRESS(tile_warpgroup_u8_u8_sample, offsetof(WarpgroupParams, rows)));
}

}  // namespace skep::cuda
