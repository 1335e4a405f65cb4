// SPDX-License-Identifier: MIT
// tile_long of signed queries against signed rows, for the first round: see tile_long.cuh.
#include "tile_long.cuh"

namespace skep::cuda {

SKEP_KERNEL(kTileThreads) tile_long_s8_s8_sample(TileParams params) {
    tile_long<Codes::kS8S8, true>(params);
}

}  // namespace skep::cuda
