// SPDX-License-Identifier: MIT
#pragma once

#include "flat_types.h"

namespace skep::cuda {

struct ExactScanParams {
    RowsView view;
    RowFilter filter;
    const uint32_t* query_ids;  // [grid y] which of the queries, in pinned host memory
    const float* queries;       // [num_queries, dim]
    const QueryState* states;   // [num_queries]; only squared_norm is read
    uint64_t first_slot;
    uint64_t*
        keys;  // [grid y, num_rows] ordered bits of the distance; all ones where no row counts
    uint64_t num_rows;
};

struct ExactSelectParams {
    const uint32_t* query_ids;  // [grid] as the scan had them
    const uint64_t* keys;       // [grid, num_rows]
    uint64_t num_rows;
    uint64_t first_slot;
    uint64_t* best_keys;   // [grid, k] so far, ascending; all ones where there is none
    uint32_t* best_slots;  // [grid, k]
    // The answers so far, in pinned host memory.
    uint32_t* slots;   // [num_queries, k]
    float* distances;  // [num_queries, k]
    uint32_t k;
    uint32_t is_first;       // 1: best_keys and best_slots hold nothing yet
    uint32_t sort_capacity;  // exact_sort_capacity(k)
};

// Blocks of a scan of num_rows rows, in x.
constexpr uint32_t exact_scan_blocks(uint64_t num_rows, uint32_t num_multiprocessors) {
    constexpr uint64_t kRowsOfBlock = kExactThreads / kPartialSums;
    const uint64_t blocks = (num_rows + kRowsOfBlock - 1) / kRowsOfBlock;
    const uint64_t most = 16ULL * num_multiprocessors;
    return (uint32_t)(blocks < most ? blocks : most);
}

// The chunk's k and the k so far are sorted together; a power of two.
constexpr uint32_t exact_sort_capacity(uint32_t k) {
    uint32_t capacity = 2;
    while (capacity < 2 * k)
        capacity *= 2;
    return capacity;
}
constexpr uint32_t exact_shared_bytes(uint32_t sort_capacity) {
    return sort_capacity * (uint32_t)(sizeof(uint64_t) + sizeof(uint32_t));
}

}  // namespace skep::cuda
