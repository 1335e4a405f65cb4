// SPDX-License-Identifier: MIT
// exact_select: the k smallest keys of a chunk that exact_scan left, merged with those of earlier
// chunks. Radix selection finds the k-th key; what lies below it and the first ties are sorted.
// Shapes    keys [num_redone, num_rows]; answers [num_queries, k].
// Launch    grid (num_redone), blocks of kExactSelectThreads.
// Shared    exact_shared_bytes(sort_capacity), dynamic.
// Numerics  keys are the ordered bits of double distances; equal ones by slot.
// Cost      reads the keys nine times: small chunks stay in the second-level cache.
// Checked   tests/unit/plugins/cuda/flat_search_test.cpp
#include "bins.cuh"
#include "exact_params.h"
#include "flat_device.cuh"
#include "sort.cuh"

namespace skep::cuda {

constexpr uint32_t kNumWarps = kExactSelectThreads / 32;
constexpr uint32_t kDigits = 256;

struct ExactSelectShared {
    Bins<kDigits> bins;
    uint32_t warp_counts[kNumWarps];
    uint32_t num_below;
};

// The k-th smallest key; bins.remaining rows of that key belong to the k.
SKEP_DEVICE uint64_t find_kth_smallest(const uint64_t* keys, uint64_t num_rows, uint32_t k,
                                       Bins<kDigits>& bins) {
    uint64_t prefix = 0;
    if (thread_index() == 0) bins.remaining = k;
#pragma unroll 1
    for (uint32_t shift = 56;; shift -= 8) {
        if (thread_index() < kDigits) bins.histogram[thread_index()] = 0;
        block_barrier();  // histogram cleared
#pragma unroll 1
        for (uint64_t i = thread_index(); i < num_rows; i += kExactSelectThreads) {
            const uint64_t key = keys[i];
            const bool matches = shift == 56 || ((key ^ prefix) >> (shift + 8)) == 0;
            if (matches) atomic_add(bins.histogram + ((key >> shift) & 0xFFU), 1);
        }
        block_barrier();  // histogram complete
        if (thread_index() < 32) choose_bin<false>(bins);
        block_barrier();  // digit known to all
        prefix |= (uint64_t)bins.chosen << shift;
        if (shift == 0) return prefix;
    }
}

// Collects the keys below the k-th in any order, and ties by ascending slot behind them.
SKEP_DEVICE void collect(const ExactSelectParams& params, const uint64_t* chunk, uint32_t chunk_k,
                         uint64_t kth_key, ExactSelectShared& shared, uint64_t* keys,
                         uint32_t* slots) {
    const uint32_t lane = thread_index() % 32;
    const uint32_t warp = thread_index() / 32;
    const uint32_t num_ties = shared.bins.remaining;
    uint32_t ties_before = 0;
#pragma unroll 1
    for (uint64_t base = 0; base < params.num_rows; base += kExactSelectThreads) {
        const uint64_t i = base + thread_index();
        const uint64_t key = i < params.num_rows ? chunk[i] : kNoKey;
        const bool is_tie = i < params.num_rows && key == kth_key;
        const uint32_t tie_lanes = ballot(is_tie);
        if (lane == 0) shared.warp_counts[warp] = count_bits(tie_lanes);
        block_barrier();  // counts of this stretch
        uint32_t tie = ties_before + count_bits(tie_lanes & ((1U << lane) - 1U));
#pragma unroll 1
        for (uint32_t other = 0; other < kNumWarps; ++other) {
            if (other < warp) tie += shared.warp_counts[other];
            ties_before += shared.warp_counts[other];
        }
        uint32_t position = params.sort_capacity;
        if (is_tie && tie < num_ties) position = chunk_k - num_ties + tie;
        if (key < kth_key) position = atomic_add(&shared.num_below, 1);
        if (position < params.sort_capacity && key != kNoKey) {
            keys[position] = key;
            slots[position] = (uint32_t)(params.first_slot + i);
        }
        block_barrier();  // counts are read, they may be overwritten
    }
}

SKEP_KERNEL(kExactSelectThreads) exact_select(ExactSelectParams params) {
    SKEP_SHARED ExactSelectShared shared;
    uint64_t* keys = (uint64_t*)dynamic_shared();
    uint32_t* slots = (uint32_t*)(keys + params.sort_capacity);
    const uint64_t* chunk = params.keys + block_index() * params.num_rows;
    const uint64_t first_best = (uint64_t)block_index() * params.k;
    const uint64_t first_answer = (uint64_t)params.query_ids[block_index()] * params.k;
    const uint32_t chunk_k = params.k < params.num_rows ? params.k : (uint32_t)params.num_rows;

    const uint64_t kth_key = find_kth_smallest(chunk, params.num_rows, chunk_k, shared.bins);
    // The k of earlier chunks lie in the upper half.
#pragma unroll 1
    for (uint32_t i = thread_index(); i < params.sort_capacity; i += kExactSelectThreads) {
        const uint32_t earlier = i - params.sort_capacity / 2;
        const bool is_earlier = params.is_first == 0 && earlier < params.k;
        keys[i] = is_earlier ? params.best_keys[first_best + earlier] : kNoKey;
        slots[i] = is_earlier ? params.best_slots[first_best + earlier] : kNoSlot;
    }
    if (thread_index() == 0) shared.num_below = 0;
    block_barrier();  // buffer filled
    collect(params, chunk, chunk_k, kth_key, shared, keys, slots);
    sort_pairs(keys, slots, params.sort_capacity);
#pragma unroll 1
    for (uint32_t i = thread_index(); i < params.k; i += kExactSelectThreads) {
        params.best_keys[first_best + i] = keys[i];
        params.best_slots[first_best + i] = slots[i];
        params.slots[first_answer + i] = slots[i];
        params.distances[first_answer + i] =
            slots[i] == kNoSlot ? kInfinity : round_to_float(double_of_ordered(keys[i]));
    }
}

}  // namespace skep::cuda
