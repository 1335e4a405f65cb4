// SPDX-License-Identifier: MIT
#pragma once

#include "flat_types.h"

namespace skep::cuda {

struct PlainSearchParams {
    RowsView view;
    RowFilter filter;
    const float* queries;  // [grid, dim]
    uint32_t* slots;       // [grid, k] the answer, in pinned host memory
    float* distances;      // [grid, k]
    uint32_t k;
    uint32_t sort_capacity;  // a power of two, at least num_slots and at least k
};

constexpr uint32_t kPlainThreads = 1024;
constexpr uint32_t kMaxPlainSlots = 4096;
constexpr uint32_t plain_shared_bytes(uint32_t sort_capacity) {
    return sort_capacity * (uint32_t)(sizeof(uint64_t) + sizeof(uint32_t));
}

}  // namespace skep::cuda
