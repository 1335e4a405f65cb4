// SPDX-License-Identifier: MIT
// exact: the plain twin of the filtered search. Every row's distance in double, then the k smallest
// by radix selection. Answers queries that the filter could not certify, and needs no bound.
// Shapes    keys [num_rows] of one chunk of rows; one query at a time.
// Launch    scan: 16 lanes per row, grid-stride; select: one block of kExactSelectThreads.
// Shared    select: kExactSharedBytes, dynamic.
// Numerics  by distance.hpp; equal distances by slot.
// Cost      scan reads each row once; select reads the keys nine times.
// Checked   tests/unit/plugins/cuda/flat_search_test.cpp
#include "exact_params.h"
#include "flat_device.cuh"
#include "sort.cuh"

namespace skep::cuda {

constexpr float kInfinity = __builtin_inff();
constexpr uint64_t kNoKey = ~0ULL;
constexpr uint32_t kDigits = 256;
constexpr uint32_t kNumWarps = kExactSelectThreads / 32;

template <typename Element>
SKEP_DEVICE void exact_scan(const ExactScanParams& params) {
    const uint32_t lane = thread_index() % kPartialSums;
    const uint32_t group = thread_index() / kPartialSums;
    const uint64_t groups_per_block = kExactThreads / kPartialSums;
    const double query_squared_norm = params.state->squared_norm;
    // Whole blocks step together, so that every warp exchanges with all its lanes.
    for (uint64_t base = (uint64_t)block_index() * groups_per_block; base < params.num_rows;
         base += (uint64_t)num_blocks() * groups_per_block) {
        const uint64_t i = base + group;
        const bool is_inside = i < params.num_rows;
        const uint64_t slot = params.first_slot + (is_inside ? i : params.num_rows - 1);
        const double distance =
            exact_distance(params.view.metric, params.query, query_squared_norm,
                           row_at<Element>(params.view, slot), params.view.dim, lane);
        if (is_inside && lane == 0) {
            params.keys[i] = is_candidate(params.filter, slot) ? ordered_bits(distance) : kNoKey;
        }
    }
}

struct ExactSelectShared {
    uint32_t histogram[kDigits];
    uint32_t warp_counts[kNumWarps];
    uint64_t prefix;
    uint32_t remaining;
    uint32_t num_below;
};

// The k-th smallest key of the chunk (or the largest there is): shared.prefix. shared.remaining
// rows of that key belong to the k.
SKEP_DEVICE void find_kth_smallest(const ExactSelectParams& params, uint32_t k,
                                   ExactSelectShared& shared) {
    if (thread_index() == 0) {
        shared.prefix = 0;
        shared.remaining = k;
    }
    for (uint32_t shift = 56;; shift -= 8) {
        for (uint32_t digit = thread_index(); digit < kDigits; digit += num_threads()) {
            shared.histogram[digit] = 0;
        }
        block_barrier();  // histogram cleared, prefix of the step before known
        const uint64_t prefix = shared.prefix;
        for (uint64_t i = thread_index(); i < params.num_rows; i += num_threads()) {
            const uint64_t key = params.keys[i];
            const bool matches = shift == 56 || ((key ^ prefix) >> (shift + 8)) == 0;
            if (matches) atomic_add(shared.histogram + ((key >> shift) & 0xFFU), 1);
        }
        block_barrier();  // histogram complete
        if (thread_index() == 0) {
            uint32_t remaining = shared.remaining;
            uint32_t digit = 0;
            while (shared.histogram[digit] < remaining)
                remaining -= shared.histogram[digit++];
            shared.remaining = remaining;
            shared.prefix = prefix | ((uint64_t)digit << shift);
        }
        block_barrier();  // prefix known to all
        if (shift == 0) return;
    }
}

SKEP_DEVICE void exact_select_body(const ExactSelectParams& params) {
    SKEP_SHARED ExactSelectShared shared;
    uint64_t* keys = (uint64_t*)dynamic_shared();
    uint32_t* slots = (uint32_t*)(keys + kExactSortCapacity);
    const uint32_t lane = thread_index() % 32;
    const uint32_t warp = thread_index() / 32;
    const uint32_t chunk_k = params.k < params.num_rows ? params.k : (uint32_t)params.num_rows;

    find_kth_smallest(params, chunk_k, shared);
    const uint64_t kth_key = shared.prefix;
    const uint32_t num_ties = shared.remaining;
    for (uint32_t i = thread_index(); i < kExactSortCapacity; i += num_threads()) {
        keys[i] = kNoKey;
        slots[i] = kNoSlot;
    }
    if (thread_index() == 0) shared.num_below = 0;
    block_barrier();  // buffer cleared

    // Collect: keys below the k-th in any order, ties by ascending slot.
    uint32_t ties_before = 0;
    for (uint64_t base = 0; base < params.num_rows; base += num_threads()) {
        const uint64_t i = base + thread_index();
        const uint64_t key = i < params.num_rows ? params.keys[i] : kNoKey;
        const bool is_tie = i < params.num_rows && key == kth_key;
        const uint32_t tie_lanes = ballot(is_tie);
        if (lane == 0) shared.warp_counts[warp] = count_bits(tie_lanes);
        block_barrier();  // counts of this stretch
        uint32_t tie = ties_before + count_bits(tie_lanes & ((1U << lane) - 1U));
        for (uint32_t other = 0; other < kNumWarps; ++other) {
            if (other < warp) tie += shared.warp_counts[other];
            ties_before += shared.warp_counts[other];
        }
        uint32_t position = kExactSortCapacity;
        if (is_tie && tie < num_ties) position = chunk_k - num_ties + tie;
        if (key < kth_key) position = atomic_add(&shared.num_below, 1);
        if (position < kExactSortCapacity && key != kNoKey) {
            keys[position] = key;
            slots[position] = (uint32_t)(params.first_slot + i);
        }
        block_barrier();  // counts are read, they may be overwritten
    }

    // Merge with what earlier chunks gave, and store.
    if (params.is_first == 0) {
        for (uint32_t i = thread_index(); i < params.k; i += num_threads()) {
            keys[kMaxDeviceK + i] = params.best_keys[i];
            slots[kMaxDeviceK + i] = params.best_slots[i];
        }
    }
    sort_pairs(keys, slots, kExactSortCapacity);
    for (uint32_t i = thread_index(); i < params.k; i += num_threads()) {
        params.best_keys[i] = keys[i];
        params.best_slots[i] = slots[i];
        params.slots[i] = slots[i];
        params.distances[i] =
            slots[i] == kNoSlot ? kInfinity : round_to_float(double_of_ordered(keys[i]));
    }
}

SKEP_KERNEL(kExactThreads) exact_scan_f32(ExactScanParams params) {
    exact_scan<float>(params);
}
SKEP_KERNEL(kExactThreads) exact_scan_u8(ExactScanParams params) {
    exact_scan<uint8_t>(params);
}
SKEP_KERNEL(kExactSelectThreads) exact_select(ExactSelectParams params) {
    exact_select_body(params);
}

}  // namespace skep::cuda
