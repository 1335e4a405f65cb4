// SPDX-License-Identifier: MIT
// tile_warpgroup of byte queries against byte rows, in integers: see tile_warpgroup.cuh.
#include "tile_warpgroup.cuh"

namespace skep::cuda {

SKEP_KERNEL(kTileThreads) tile_warpgroup_bytes(WarpgroupParams params) {
    tile_warpgroup<Codes::kBytes, false>(
        params.tile,
        SKEP_PARAMETER_ADDRESS(tile_warpgroup_bytes, offsetof(WarpgroupParams, queries)),
        SKEP_PARAMETER_ADDRESS(tile_warpgroup_bytes, offsetof(WarpgroupParams, rows)));
}

}  // namespace skep::cuda
