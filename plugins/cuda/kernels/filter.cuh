// SPDX-License-Identifier: MIT
// The end of every filter kernel: one score against its query's threshold, survivors to the list.
#pragma once

#include "flat_device.cuh"

namespace skep::cuda {

// What a filter kernel holds of one query.
struct QueryFilter {
    float slope;
    float threshold;
    float error;
};

SKEP_DEVICE QueryFilter query_filter(const QueryState& state) {
    return QueryFilter{state.slope, state.threshold, state.error};
}

// Where rows have their true length (u8 rows under cosine), scores are per unit of that length;
// the test in the loop is multiplied by it, the score in the list is not.
SKEP_DEVICE float list_score(bool is_scaled, const QueryFilter& query, const RowBounds& bounds,
                             float dot) {
    if (is_scaled) return dot / bounds.norm + query.error;
    return fused_multiply_add(query.error, bounds.norm, dot - bounds.half_norm);
}

SKEP_DEVICE bool survives(const QueryFilter& query, const RowBounds& bounds, float dot) {
    return fused_multiply_add(query.slope, bounds.norm, dot - bounds.half_norm) >= query.threshold;
}

// Appends to the list of a query, or counts on when it is full. Order does not matter: the
// selection sorts.
SKEP_DEVICE void append_candidate(QueryState* state, Candidate* list, uint32_t capacity,
                                  Candidate candidate) {
    const uint32_t position = atomic_add(&state->count, 1);
    if (position < capacity) list[position] = candidate;
}

}  // namespace skep::cuda
