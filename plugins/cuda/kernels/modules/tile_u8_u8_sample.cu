// SPDX-License-Identifier: MIT
// tile of unsigned scaled queries against unsigned rows, for the first round: see tile.cuh.
#include "tile.cuh"

namespace skep::cuda {

// Two blocks on a multiprocessor: one multiplies while the other judges.
SKEP_KERNEL_RESIDENT(kTileThreads, 2) tile_u8_u8_sample(TileParams params) {
    tile<Codes::kU8U8, true>(params);
}

}  // namespace skep::cuda
