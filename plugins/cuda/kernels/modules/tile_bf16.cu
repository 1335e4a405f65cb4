// SPDX-License-Identifier: MIT
// tile for f32 rows, kept as bf16: see tile.cuh. A module of its own, so that a first search
// compiles no other.
#include "tile.cuh"

namespace skep::cuda {

// Two blocks on a multiprocessor: one multiplies while the other judges.
SKEP_KERNEL_RESIDENT(kTileThreads, 2) tile_bf16(TileParams params) {
    tile<uint16_t>(params);
}

}  // namespace skep::cuda
