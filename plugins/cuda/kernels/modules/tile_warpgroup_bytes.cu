// SPDX-License-Identifier: MIT
// tile_warpgroup of byte queries against byte rows, in integers: see tile_warpgroup.cuh.
#include "tile_warpgroup.cuh"

namespace skep::cuda {

SKEP_KERNEL(kTileThreads) tile_warpgroup_bytes(TileParams params) {
    tile_warpgroup<Codes::kBytes, false>(params);
}

}  // namespace skep::cuda
