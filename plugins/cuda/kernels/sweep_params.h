// SPDX-License-Identifier: MIT
#pragma once

#include "flat_types.h"

namespace skep::cuda {

struct SweepParams {
    RowsView view;
    RowFilter filter;
    BlockOrder order;
    uint64_t first_block;  // positions in the order, not block numbers
    uint64_t end_block;
    const float* operand;          // [num_queries, operand_stride]; sweep_bytes: unused
    const uint8_t* operand_bytes;  // [num_queries, approx_stride]; sweep_bytes only
    QueryState* states;            // [num_queries]
    Candidate* lists;              // [num_queries, list_capacity]
    uint32_t num_queries;
    uint32_t operand_stride;
    uint32_t list_capacity;
    // 1: every row goes to list entry (position - first_block) * kRowsPerBlock + row, unfiltered.
    uint32_t keeps_all;
};

}  // namespace skep::cuda
