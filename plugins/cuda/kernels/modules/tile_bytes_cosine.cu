// SPDX-License-Identifier: MIT
// tile_bytes by cosine: see tile_bytes.cuh. A module of its own, so that a first search compiles no
// other.
#include "tile_bytes.cuh"

namespace skep::cuda {

// One block on a multiprocessor: the registers of two would spill, as floats are judged here.
SKEP_KERNEL(kTileBytesThreads) tile_bytes_cosine(TileBytesParams params) {
    tile_bytes<true>(params);
}

}  // namespace skep::cuda
