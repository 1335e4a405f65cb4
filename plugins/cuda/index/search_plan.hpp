// SPDX-License-Identifier: MIT
// How one exact search is cut into rounds and tiles of queries.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/flat_types.h"

namespace skep::cuda {

// One look at blocks [first_block, end_block) of the order.
struct Round {
    std::uint64_t first_block;
    std::uint64_t end_block;
    std::uint32_t keep;  // kKeep...
};

struct SearchPlan {
    std::uint32_t list_capacity;  // candidates per query
    std::uint32_t sort_capacity;  // survivors that the last round can rank
    std::uint32_t tile_queries;   // queries that one pass over the rows answers
    BlockOrder order;
    // The first round finds a threshold without having one: it keeps all rows of a small sample,
    // which later rounds add to, or the best few of a large one, after which one round looks at
    // all rows.
    std::vector<Round> rounds;
};

// k is at most kMaxDeviceK; num_slots and num_queries are not 0. is_tiled: the passes are those of
// the matrix kernels, not sweeps.
SearchPlan plan_search(std::uint64_t num_slots, std::uint64_t num_queries, std::uint32_t dim,
                       std::uint32_t k, bool is_tiled);

}  // namespace skep::cuda
