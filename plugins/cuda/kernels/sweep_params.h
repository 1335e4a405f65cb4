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
    const uint8_t* codes;  // [num_queries, code_stride]
    QueryState* states;    // [num_queries]
    Candidate* lists;      // [num_queries, list_capacity]
    uint32_t num_queries;
    uint32_t list_capacity;
    uint32_t keep;  // kKeep...
    uint32_t reserved;
};

}  // namespace skep::cuda
