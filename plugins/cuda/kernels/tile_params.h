// SPDX-License-Identifier: MIT
#pragma once

#include "flat_types.h"

namespace skep::cuda {

constexpr uint32_t kTileThreads = 256;
constexpr uint32_t kTileQueries = 128;  // per block; rows per block are kRowsPerBlock
constexpr uint32_t kTileChunk = 64;     // elements of both operands that one stage holds
constexpr uint32_t kTileStages = 3;
constexpr uint32_t kTileOperandBytes = kRowsPerBlock * kTileChunk * 2;
constexpr uint32_t kTileSharedBytes = kTileStages * 2 * kTileOperandBytes;
static_assert(kTileQueries == kRowsPerBlock, "both operands of a stage have one size");

struct TileParams {
    RowsView view;
    RowFilter filter;
    BlockOrder order;
    uint64_t first_block;  // positions in the order, not block numbers
    uint64_t end_block;
    const uint16_t* operand;  // [num_queries, approx_stride] bf16
    QueryState* states;       // [num_queries]
    Candidate* lists;         // [num_queries, list_capacity]
    uint32_t num_queries;
    uint32_t list_capacity;
};

}  // namespace skep::cuda
