// SPDX-License-Identifier: MIT
// tile_long of unsigned scaled queries against unsigned rows: see tile_long.cuh.
#include "tile_long.cuh"

namespace skep::cuda {

SKEP_KERNEL(kTileThreads) tile_long_u8_u8(TileParams params) {
    tile_long<Codes::kU8U8, false>(params);
}

}  // namespace skep::cuda
