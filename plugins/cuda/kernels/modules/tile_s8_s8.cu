// SPDX-License-Identifier: MIT
// tile of signed queries against signed rows: see tile.cuh.
#include "tile.cuh"

namespace skep::cuda {

// Two blocks on a multiprocessor: one multiplies while the other judges.
SKEP_KERNEL_RESIDENT(kTileThreads, 2) tile_s8_s8(TileParams params) {
    tile<Codes::kS8S8, false>(params);
}

}  // namespace skep::cuda
