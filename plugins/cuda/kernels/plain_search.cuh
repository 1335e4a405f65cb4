// SPDX-License-Identifier: MIT
// plain_search: a whole search of a small store by one block per query: every distance in double,
// all of them sorted in shared memory. One launch, no filter, next to no time to compile: what a
// first answer waits for.
// Shapes    rows [num_slots, dim], num_slots at most kMaxPlainSlots; answers [num_queries, k].
// Launch    grid (num_queries), blocks of kPlainThreads: 16 lanes per row.
// Shared    plain_shared_bytes(sort_capacity), dynamic.
// Numerics  by distance.hpp; equal distances by slot.
// Cost      reads every row once per query; log2(sort_capacity)^2 / 2 barriers.
// Checked   tests/unit/plugins/cuda/plain_search_test.cpp, tests/cross_backend
#pragma once

#include "flat_device.cuh"
#include "plain_params.h"
#include "sort.cuh"

namespace skep::cuda {

template <typename Element, int32_t kMetric>
SKEP_DEVICE void plain_search(const PlainSearchParams& params) {
    uint64_t* keys = (uint64_t*)dynamic_shared();
    uint32_t* slots = (uint32_t*)(keys + params.sort_capacity);
    const uint32_t lane = thread_index() % kPartialSums;
    const uint32_t group = thread_index() / kPartialSums;
    const uint32_t num_slots = (uint32_t)params.filter.num_slots;
    const float* query = params.queries + (uint64_t)block_index() * params.view.dim;
    double query_squared_norm = 0.0;
    if constexpr (kMetric == kCosine) {
        query_squared_norm = squared_norm(query, params.view.dim, lane);
    }
#pragma unroll 1
    for (uint32_t base = 0; base < params.sort_capacity; base += kPlainThreads / kPartialSums) {
        // Groups past the end repeat the last row: exchanges need whole warps.
        const uint32_t i = base + group;
        const uint32_t slot = i < num_slots ? i : num_slots - 1;
        const double distance =
            exact_distance(kMetric, query, query_squared_norm, row_at<Element>(params.view, slot),
                           params.view.dim, lane);
        if (lane == 0 && i < params.sort_capacity) {
            const bool is_found = i < num_slots && is_candidate(params.filter, slot);
            keys[i] = is_found ? ordered_bits(distance) : kNoKey;
            slots[i] = is_found ? slot : kNoSlot;
        }
    }
    sort_pairs(keys, slots, params.sort_capacity);
#pragma unroll 1
    for (uint32_t i = thread_index(); i < params.k; i += kPlainThreads) {
        const uint64_t answer = (uint64_t)block_index() * params.k + i;
        params.slots[answer] = slots[i];
        params.distances[answer] =
            slots[i] == kNoSlot ? kInfinity : round_to_float(double_of_ordered(keys[i]));
    }
}

}  // namespace skep::cuda
