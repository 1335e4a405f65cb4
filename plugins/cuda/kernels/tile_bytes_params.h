// SPDX-License-Identifier: MIT
#pragma once

#include "flat_types.h"

namespace skep::cuda {

constexpr uint32_t kTileBytesThreads = 256;
constexpr uint32_t kTileBytesWarps = kTileBytesThreads / 32;
constexpr uint32_t kTileBytesMaxDim = 128;      // a query's bytes stay in registers
constexpr uint32_t kTileBytesWarpQueries = 64;  // per warp
constexpr uint32_t kTileBytesStages = 4;
constexpr uint32_t kTileBytesRowsBytes = kRowsPerBlock * kTileBytesMaxDim;
constexpr uint32_t kTileBytesStageBytes =
    kTileBytesRowsBytes + kRowsPerBlock * (uint32_t)sizeof(RowBounds);
constexpr uint32_t kTileBytesSharedBytes = kTileBytesStages * kTileBytesStageBytes;

struct TileBytesParams {
    RowsView view;
    RowFilter filter;
    BlockOrder order;
    uint64_t first_block;  // positions in the order, not block numbers
    uint64_t end_block;
    const uint8_t* operand;  // [num_queries, approx_stride]
    QueryState* states;      // [num_queries]
    Candidate* lists;        // [num_queries, list_capacity]
    uint32_t num_queries;
    uint32_t list_capacity;
    // Warps of a block that take other queries; a power of two. The rest take other rows.
    uint32_t query_warps;
    // 1: every row goes to list entry (position - first_block) * kRowsPerBlock + row, unfiltered.
    uint32_t keeps_all;
};

}  // namespace skep::cuda
