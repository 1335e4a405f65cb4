// SPDX-License-Identifier: MIT
// tile of byte queries against byte rows, in integers: see tile.cuh.
#include "tile.cuh"

namespace skep::cuda {

// Two blocks on a multiprocessor: one multiplies while the other judges.
SKEP_KERNEL_RESIDENT(kTileThreads, 2) tile_bytes(TileParams params) {
    tile<Codes::kBytes, false>(params);
}

}  // namespace skep::cuda
