// SPDX-License-Identifier: MIT
// How one exact search is cut into rounds and tiles of queries.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/flat_types.h"

namespace skep::cuda {

struct SearchPlan {
    std::uint32_t list_capacity;  // candidates per query
    std::uint32_t sort_capacity;  // survivors that the last round can rank
    std::uint32_t tile_queries;   // queries that one pass over the rows answers
    BlockOrder order;
    // Round i looks at blocks [ends[i - 1], ends[i]) of the order. The first round keeps every row;
    // the others keep what their query's threshold lets through.
    std::vector<std::uint64_t> ends;
};

// k is at most kMaxDeviceK; num_slots and num_queries are not 0.
SearchPlan plan_search(std::uint64_t num_slots, std::uint64_t num_queries, std::uint32_t dim,
                       std::uint32_t k);

}  // namespace skep::cuda
