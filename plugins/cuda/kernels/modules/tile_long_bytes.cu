// SPDX-License-Identifier: MIT
// tile_long of byte queries against byte rows, in integers: see tile_long.cuh.
#include "tile_long.cuh"

namespace skep::cuda {

SKEP_KERNEL(kTileThreads) tile_long_bytes(TileParams params) {
    tile_long<Codes::kBytes, false>(params);
}

}  // namespace skep::cuda
