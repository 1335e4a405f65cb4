// SPDX-License-Identifier: MIT
// tile_warpgroup of signed queries against signed rows: see tile_warpgroup.cuh.
#include "tile_warpgroup.cuh"

namespace skep::cuda {

SKEP_KERNEL(kTileThreads) tile_warpgroup_s8_s8(WarpgroupParams params) {
    tile_warpgroup<Codes::kS8S8, false>(
        params.tile,
        SKEP_PARAMETER_ADDRESS(tile_warpgroup_s8_s8, offsetof(WarpgroupParams, queries)),
        SKEP_PARAMETER_ADDRESS(tile_warpgroup_s8_s8, offsetof(WarpgroupParams, rows)));
}

}  // namespace skep::cuda
