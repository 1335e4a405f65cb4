// SPDX-License-Identifier: MIT
// tile_bytes by cosine: see tile_bytes.cuh. A module of its own, so that a first search compiles no
// other.
#include "tile_bytes.cuh"

namespace skep::cuda {

// Two blocks on a multiprocessor: one multiplies while the other judges.
SKEP_KERNEL_RESIDENT(kTileBytesThreads, 2) tile_bytes_cosine(TileBytesParams params) {
    tile_bytes<true>(params);
}

}  // namespace skep::cuda
