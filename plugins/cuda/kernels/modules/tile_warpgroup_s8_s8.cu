// SPDX-License-Identifier: MIT
// tile_warpgroup of signed queries against signed rows: see tile_warpgroup.cuh.
#include "tile_warpgroup.cuh"

namespace skep::cuda {

SKEP_KERNEL(kTileThreads) tile_warpgroup_s8_s8(TileParams params) {
    tile_warpgroup<Codes::kS8S8, false>(params);
}

}  // namespace skep::cuda
