// SPDX-License-Identifier: MIT
// tile_warpgroup of unsigned queries against unsigned rows: see tile_warpgroup.cuh.
#include "tile_warpgroup.cuh"

namespace skep::cuda {

SKEP_KERNEL(kTileThreads) tile_warpgroup_u8_u8(WarpgroupParams params) {
    tile_warpgroup<Codes::kU8U8, false>(
        params.tile,
        SKEP_PARAMETER_ADDRESS(tile_warpgroup_u8_u8, offsetof(WarpgroupParams, queries)),
        SKEP_PARAMETER_ADDRESS(tile_warpgroup_u8_u8, offsetof(WarpgroupParams, rows)));
}

}  // namespace skep::cuda
