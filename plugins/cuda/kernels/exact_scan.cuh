// SPDX-License-Identifier: MIT
// exact_scan: the distance of every row in double. Half of the plain twin of the filtered search,
// for stores of any size; exact_select is the other. It needs no bound: it answers the queries that
// the filter could not certify.
// Shapes    keys [num_redone, num_rows] of one chunk of rows.
// Launch    grid (any, num_redone), blocks of kExactThreads: 16 lanes per row, grid-stride.
// Numerics  by distance.hpp.
// Cost      reads each row once; bound by the conversions to double, two per element.
// Checked   tests/unit/plugins/cuda/flat_search_test.cpp
#pragma once

#include "exact_params.h"
#include "flat_device.cuh"

namespace skep::cuda {

template <typename Element>
SKEP_DEVICE void exact_scan(const ExactScanParams& params) {
    const uint32_t lane = thread_index() % kPartialSums;
    const uint32_t group = thread_index() / kPartialSums;
    const uint64_t groups_per_block = kExactThreads / kPartialSums;
    const uint32_t query_id = params.query_ids[block_index_y()];
    const float* query = params.queries + (uint64_t)query_id * params.view.dim;
    uint64_t* keys = params.keys + block_index_y() * params.num_rows;
    const double query_squared_norm = params.states[query_id].squared_norm;
    // Whole blocks step together, so that every warp exchanges with all its lanes.
#pragma unroll 1
    for (uint64_t base = (uint64_t)block_index() * groups_per_block; base < params.num_rows;
         base += (uint64_t)num_blocks() * groups_per_block) {
        const uint64_t i = base + group;
        const bool is_inside = i < params.num_rows;
        const uint64_t slot = params.first_slot + (is_inside ? i : params.num_rows - 1);
        const double distance =
            exact_distance(params.view.metric, query, query_squared_norm,
                           row_at<Element>(params.view, slot), params.view.dim, lane);
        if (is_inside && lane == 0) {
            keys[i] = is_candidate(params.filter, slot) ? ordered_bits(distance) : kNoKey;
        }
    }
}

}  // namespace skep::cuda
