// SPDX-License-Identifier: MIT
// The way of a kernel over long codes: stage by stage of a block of rows, then the next block.
#pragma once

#include "flat_device.cuh"
#include "tile_params.h"

namespace skep::cuda {

// A walk over (block of rows, stage of their codes).
struct TileCursor {
    uint64_t position;
    uint64_t first_row;
    uint32_t column;
};

SKEP_DEVICE TileCursor cursor_at(const TileParams& params, uint64_t position) {
    const bool is_inside = position < params.end_block;
    return TileCursor{position, is_inside ? block_at(params.order, position) * kRowsPerBlock : 0,
                      0};
}

SKEP_DEVICE bool is_at_last_stage(const TileParams& params, const TileCursor& cursor) {
    return cursor.column + kTileLine >= params.view.code_stride;
}

SKEP_DEVICE void advance(const TileParams& params, TileCursor& cursor) {
    if (is_at_last_stage(params, cursor)) {
        cursor = cursor_at(params, cursor.position + num_blocks());
    } else {
        cursor.column += kTileLine;
    }
}

}  // namespace skep::cuda
