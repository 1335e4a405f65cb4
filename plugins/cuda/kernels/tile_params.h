// SPDX-License-Identifier: MIT
#pragma once

#include "flat_types.h"
#include "tensor_map.h"

namespace skep::cuda {

constexpr uint32_t kTileThreads = 256;
constexpr uint32_t kTileWarps = kTileThreads / 32;
constexpr uint32_t kTileWarpQueries = 64;  // per warp
constexpr uint32_t kTileLine = 128;        // bytes of a code that lie in a stage
// Half norms and bounds of a block of rows.
constexpr uint32_t kTileTermsBytes = kRowsPerBlock * (uint32_t)(sizeof(float) + sizeof(RowBounds));

// Survivors that a warp gathers before it looks at them together.
struct Survivor {
    int32_t sum;
    uint32_t slot;
    uint32_t query;
};
constexpr uint32_t kWarpSurvivors = 64;
constexpr uint32_t kSurvivorsBytes = kTileWarps * kWarpSurvivors * (uint32_t)sizeof(Survivor);

// What a query brings to the limits of scaled sums: its threshold, and what an error of the rows
// takes off it. Divided by the query's scale where scores have no norms.
struct QueryFilter {
    float threshold;
    float per_residual;
    float per_norm;
    float scale;
};
constexpr uint32_t filters_bytes(uint32_t num_warps) {
    return num_warps * kTileWarpQueries * (uint32_t)sizeof(QueryFilter);
}

// tile: a query's code stays in registers.
constexpr uint32_t kTileMaxStride = kTileLine;
constexpr uint32_t kTileStages = 4;
constexpr uint32_t kTileStageBytes = kRowsPerBlock * kTileLine + kTileTermsBytes;
constexpr uint32_t kTileSharedBytes =
    kTileStages * kTileStageBytes + kSurvivorsBytes + filters_bytes(kTileWarps);

// tile_long: both codes stream through shared memory.
constexpr uint32_t kLongQueryWarps = 4;
constexpr uint32_t kLongRowWarps = kTileWarps / kLongQueryWarps;
constexpr uint32_t kLongQueries = kLongQueryWarps * kTileWarpQueries;  // per block
constexpr uint32_t kLongStages = 3;
constexpr uint32_t kLongStageBytes = (kLongQueries + kRowsPerBlock) * kTileLine + kTileTermsBytes;
constexpr uint32_t kLongSharedBytes =
    kLongStages * kLongStageBytes + kSurvivorsBytes + filters_bytes(kLongQueryWarps);

// tile_warpgroup: as tile_long, each warp over all rows of a block. Stages lie at multiples of
// 1 024 bytes, so the rows' terms have a place of their own.
constexpr uint32_t kWarpgroupQueries = 256;  // per block
constexpr uint32_t kWarpgroupStages = 4;
constexpr uint32_t kWarpgroupStageBytes = (kWarpgroupQueries + kRowsPerBlock) * kTileLine;
constexpr uint32_t kWarpgroupSharedBytes =
    kWarpgroupStages * (kWarpgroupStageBytes + kTileTermsBytes + (uint32_t)sizeof(uint64_t)) +
    kSurvivorsBytes + filters_bytes(kWarpgroupQueries / kTileWarpQueries);
// Queries of a warp: so many of each of two products.
constexpr uint32_t kWarpgroupTileQueries = 16;
constexpr uint32_t kWarpgroupTiles = 2;
static_assert(kWarpgroupQueries == kTileWarps * kWarpgroupTiles * kWarpgroupTileQueries);

struct TileParams {
    RowsView view;
    RowFilter filter;
    BlockOrder order;
    uint64_t first_block;  // positions in the order, not block numbers
    uint64_t end_block;
    const uint8_t* codes;  // [num_queries, code_stride]
    QueryState* states;    // [num_queries]
    Candidate* lists;      // [num_queries, list_capacity]
    uint32_t num_queries;
    uint32_t list_capacity;
    // Warps of a block that take other queries; a power of two. The rest take other rows.
    // kLongQueryWarps in tile_long.
    uint32_t query_warps;
    uint32_t reserved;
};

// tile_warpgroup: codes by bulk copies.
struct WarpgroupParams {
    // (byte, query of a tile, warp's queries, tile): boxes hold a block's queries, all of a tile
    // before the next.
    TensorMap queries;
    TensorMap rows;  // (byte, row): boxes of kRowsPerBlock rows
    TileParams tile;
};

}  // namespace skep::cuda
