// SPDX-License-Identifier: MIT
#pragma once

#include "flat_types.h"

namespace skep::cuda {

struct SelectParams {
    RowsView view;
    const float* queries;  // [num_queries, dim]
    QueryState* states;    // [num_queries]
    Candidate* lists;      // [num_queries, list_capacity]
    // The answer, in pinned host memory; last round only.
    uint32_t* slots;     // [num_queries, k]
    float* distances;    // [num_queries, k]
    uint32_t* statuses;  // [num_queries] kQuery...
    float* thresholds;   // [num_queries]
    uint32_t list_capacity;
    uint32_t fixed_count;  // entries of every list, or 0: as counted
    uint32_t k;
    uint32_t is_last;        // 1: rank what is left and write the answer
    uint32_t sort_capacity;  // power of two; most survivors that the last round can rank
    uint32_t drops_list;     // 1: the list was for the threshold alone
};

// Dynamic shared memory of the last round: keys and slots to sort.
constexpr uint32_t select_shared_bytes(uint32_t sort_capacity) {
    return sort_capacity * (uint32_t)(sizeof(uint64_t) + sizeof(uint32_t));
}

}  // namespace skep::cuda
