// SPDX-License-Identifier: MIT
// tile_long of byte queries against byte rows, in integers, for the first round: see tile_long.cuh.
#include "tile_long.cuh"

namespace skep::cuda {

SKEP_KERNEL(kTileThreads) tile_long_bytes_sample(TileParams params) {
    tile_long<Codes::kBytes, true>(params);
}

}  // namespace skep::cuda
