// SPDX-License-Identifier: MIT
// graph_rank: measures the rows that a walk has found and stores the k nearest.
// Shapes    found [num_queries, num_found]; slots, distances [num_queries, k].
// Launch    grid (num_queries), block of kRankThreads.
// Shared    graph_rank_bytes(sort_capacity), dynamic.
// Numerics  distances in double by distance.hpp; equal ones by slot. The float of an answer is the
//           double rounded.
// Checked   tests/unit/plugins/cuda/graph_test.cpp, tests/cross_backend
#pragma once

#include "flat_device.cuh"
#include "graph_params.h"
#include "sort.cuh"

namespace skep::cuda {

template <typename Element>
SKEP_DEVICE void graph_rank(const GraphRankParams& params) {
    constexpr uint32_t kStepsInFlight = 8;
    constexpr uint32_t kGroups = kRankThreads / kPartialSums;
    uint64_t* keys = (uint64_t*)dynamic_shared();
    uint32_t* slots = (uint32_t*)(keys + params.sort_capacity);
    const uint64_t query_id = block_index();
    const uint32_t* found = params.found + query_id * params.num_found;
    const float* query = params.queries + query_id * params.view.dim;
    const double squared_norm = params.states[query_id].squared_norm;
    const uint32_t lane = thread_index() % kPartialSums;
    const uint32_t group = thread_index() / kPartialSums;
#pragma unroll 1
    for (uint32_t base = 0; base < params.num_found; base += kGroups) {
        const uint32_t i = base + group;
        const uint32_t slot = i < params.num_found ? found[i] : kNoSlot;
        // Groups without a row measure row 0: exchanges need whole warps.
        const double distance = exact_distance<kStepsInFlight>(
            params.view.metric, query, squared_norm,
            row_at<Element>(params.view, slot != kNoSlot ? slot : 0), params.view.dim, lane);
        if (lane == 0 && i < params.num_found) {
            keys[i] = slot != kNoSlot ? ordered_bits(distance) : kNoKey;
            slots[i] = slot;
        }
    }
#pragma unroll 1
    for (uint32_t i = params.num_found + thread_index(); i < params.sort_capacity;
         i += kRankThreads) {
        keys[i] = kNoKey;
        slots[i] = kNoSlot;
    }
    sort_pairs(keys, slots, params.sort_capacity);
#pragma unroll 1
    for (uint32_t i = thread_index(); i < params.k; i += kRankThreads) {
        const bool is_there = i < params.num_found && slots[i] != kNoSlot;
        params.slots[query_id * params.k + i] = is_there ? slots[i] : kNoSlot;
        params.distances[query_id * params.k + i] =
            is_there ? round_to_float(double_of_ordered(keys[i])) : kInfinity;
    }
}

}  // namespace skep::cuda
