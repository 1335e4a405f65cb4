// SPDX-License-Identifier: MIT
// tile_warpgroup of unsigned queries against unsigned rows, the best of each block: see tile_warpgroup.cuh.
#include "tile_warpgroup.cuh"

namespace skep::cuda {

SKEP_KERNEL(kTileThreads) tile_warpgroup_u8_u8_sample(TileParams params) {
    tile_warpgroup<Codes::kU8U8, true>(params);
}

}  // namespace skep::cuda
