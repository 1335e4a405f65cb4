// SPDX-License-Identifier: MIT
// tile of byte queries against byte rows, in integers, for the first round: see tile.cuh.
#include "tile.cuh"

namespace skep::cuda {

// Two blocks on a multiprocessor: one multiplies while the other judges.
SKEP_KERNEL_RESIDENT(kTileThreads, 2) tile_bytes_sample(TileParams params) {
    tile<Codes::kBytes, true>(params);
}

}  // namespace skep::cuda
