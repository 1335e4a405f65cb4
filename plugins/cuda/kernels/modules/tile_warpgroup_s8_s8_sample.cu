// SPDX-License-Identifier: MIT
// tile_warpgroup of signed queries against signed rows, the best of each block: see
// tile_warpgroup.cuh.
#include "tile_warpgroup.cuh"

namespace skep::cuda {

SKEP_KERNEL(kTileThreads) tile_warpgroup_s8_s8_sample(WarpgroupParams params) {
    tile_warpgroup<Codes::kS8S8, true>(
        params.tile,
        SKEP_PARAMETER_ADDRESS(tile_warpgroup_s8_s8_sample, offsetof(WarpgroupParams, queries)),
        SKEP_PARAMETER_ADDRESS(tile_warpgroup_s8_s8_sample, offsetof(WarpgroupParams, rows)));
}

}  // namespace skep::cuda
