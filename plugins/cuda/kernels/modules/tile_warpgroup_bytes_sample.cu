// SPDX-License-Identifier: MIT
// tile_warpgroup of byte queries against byte rows, in integers, the best of each block: see
// tile_warpgroup.cuh.
#include "tile_warpgroup.cuh"

namespace skep::cuda {

SKEP_KERNEL(kTileThreads) tile_warpgroup_bytes_sample(WarpgroupParams params) {
    tile_warpgroup<Codes::kBytes, true>(
        params.tile,
        SKEP_PARAMETER_ADDRESS(tile_warpgroup_bytes_sample, offsetof(WarpgroupParams, queries)),
        SKEP_PARAMETER_ADDRESS(tile_warpgroup_bytes_sample, offsetof(WarpgroupParams, rows)));
}

}  // namespace skep::cuda
