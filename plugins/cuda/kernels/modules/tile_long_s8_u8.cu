// SPDX-License-Identifier: MIT
// tile_long of signed queries against unsigned rows: see tile_long.cuh.
#include "tile_long.cuh"

namespace skep::cuda {

SKEP_KERNEL(kTileThreads) tile_long_s8_u8(TileParams params) {
    tile_long<Codes::kS8U8, false>(params);
}

}  // namespace skep::cuda
