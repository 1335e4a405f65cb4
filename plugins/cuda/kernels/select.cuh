// SPDX-License-Identifier: MIT
// select: tightens a query's threshold by what has been found so far, drops candidates that cannot
// be among the k nearest any more, and in the last round ranks the rest and writes the answer.
// Source    any k rows bound the k-th distance from above: the k best scores of the list are
//           measured exactly, and the largest of these distances becomes the new bound.
// Shapes    lists [num_queries, list_capacity]; slots, distances [num_queries, k].
// Launch    grid (num_queries), block of any multiple of 32 up to kSelectMaxThreads.
// Shared    last round: select_shared_bytes(sort_capacity), dynamic.
// Numerics  distances in double by distance.hpp; equal ones by slot. The float of an answer is the
//           double rounded.
// Cost      reads a list five times, plus k and then the survivors' rows, 16 lanes each.
// Checked   tests/unit/plugins/cuda/flat_search_test.cpp, tests/cross_backend
#pragma once

#include "flat_device.cuh"
#include "radix.cuh"
#include "select_params.h"
#include "sort.cuh"

namespace skep::cuda {

constexpr uint32_t kMaxWarps = kSelectMaxThreads / 32;

struct SelectShared {
    RadixBins bins;
    uint32_t picks[kMaxDeviceK];
    double group_max[kSelectMaxThreads / kPartialSums];
    uint32_t warp_counts[kMaxWarps];
    uint32_t num_picks;
    uint32_t num_ties;
    float list_threshold;
};

// The key by which candidates are picked; 0 for those that cannot be: no row, or a row without a
// score (infinite), whose distance would only spoil the bound.
SKEP_DEVICE uint32_t pick_key(const Candidate& candidate) {
    if (candidate.slot == kNoSlot || candidate.score == kInfinity) return 0;
    return ordered_bits(candidate.score);
}

// Adds one to a bin, once per warp and bin: scores share their leading bits, and plain atomics on
// one address would queue. All lanes take part; the ones without a vote pass kDigits.
SKEP_DEVICE void vote(uint32_t* histogram, uint32_t digit) {
    const uint32_t peers = match_any(digit);
    const uint32_t lane = thread_index() % 32;
    const bool is_leader = (peers & ((1U << lane) - 1U)) == 0;
    if (is_leader && digit < kDigits) atomic_add(histogram + digit, count_bits(peers));
}

// Finds the k-th largest pick key; bins.remaining of the candidates equal to it belong to the k.
// Returns 0 when there are not k.
SKEP_DEVICE uint32_t find_kth_key(const Candidate* list, uint32_t count, uint32_t k,
                                  RadixBins& bins) {
    const uint32_t padded_count = (count + num_threads() - 1) / num_threads() * num_threads();
    uint32_t prefix = 0;
    if (thread_index() == 0) bins.remaining = k;
    // One copy of each long loop body: the driver compiles this before a first answer.
#pragma unroll 1
    for (uint32_t shift = 24;; shift -= 8) {
        for (uint32_t digit = thread_index(); digit < kDigits; digit += num_threads()) {
            bins.histogram[digit] = 0;
        }
        block_barrier();  // histogram cleared
        for (uint32_t i = thread_index(); i < padded_count; i += num_threads()) {
            uint32_t digit = kDigits;
            if (i < count) {
                const uint32_t key = pick_key(list[i]);
                const bool matches = shift == 24 || ((key ^ prefix) >> (shift + 8)) == 0;
                if (key != 0 && matches) digit = (key >> shift) & 0xFFU;
            }
            vote(bins.histogram, digit);
        }
        block_barrier();  // histogram complete
        if (thread_index() < 32) choose_digit<true>(bins);
        block_barrier();  // digit known to all
        if (bins.remaining == 0) return 0;
        prefix |= bins.digit << shift;
        if (shift == 0) return prefix;
    }
}

SKEP_DEVICE void pick(const Candidate* list, uint32_t count, uint32_t kth_key,
                      SelectShared& shared) {
    if (thread_index() == 0) {
        shared.num_picks = 0;
        shared.num_ties = 0;
    }
    block_barrier();  // counters cleared
    for (uint32_t i = thread_index(); i < count; i += num_threads()) {
        const uint32_t key = pick_key(list[i]);
        const bool is_picked = key > kth_key || (key == kth_key && atomic_add(&shared.num_ties, 1) <
                                                                       shared.bins.remaining);
        if (is_picked) shared.picks[atomic_add(&shared.num_picks, 1)] = list[i].slot;
    }
    block_barrier();  // picks complete
}

// The largest exact distance among the k picks. All threads call, thread 0 gets it.
template <typename Element>
SKEP_DEVICE double largest_distance(const SelectParams& params, const float* query,
                                    double query_squared_norm, SelectShared& shared) {
    const uint32_t lane = thread_index() % kPartialSums;
    const uint32_t group = thread_index() / kPartialSums;
    const uint32_t num_groups = num_threads() / kPartialSums;
    double largest = -(double)kInfinity;
#pragma unroll 1
    for (uint32_t base = 0; base < params.k; base += num_groups) {
        // Groups past the end repeat the last row: exchanges need whole warps.
        const uint32_t i = base + group < params.k ? base + group : params.k - 1;
        const double distance =
            exact_distance(params.view.metric, query, query_squared_norm,
                           row_at<Element>(params.view, shared.picks[i]), params.view.dim, lane);
        if (distance > largest) largest = distance;
    }
    if (lane == 0) shared.group_max[group] = largest;
    block_barrier();  // every group's largest
    if (thread_index() != 0) return 0.0;
#pragma unroll 4
    for (uint32_t other = 1; other < num_groups; ++other) {
        if (shared.group_max[other] > largest) largest = shared.group_max[other];
    }
    return largest;
}

// Every row whose distance is at most `bound` scores at least the threshold set here; what double
// and float roundings may do to either side is taken off it.
SKEP_DEVICE void set_threshold(int32_t metric, bool is_scaled, double bound, QueryState& state,
                               float& list_threshold) {
    double score;
    if (metric == kL2) {
        score = 0.5 * (state.squared_norm * (1.0 - 0x1p-38) - bound * (1.0 + 0x1p-38));
    } else if (metric == kInnerProduct) {
        score = -bound;
    } else {
        score = 1.0 - bound - 0x1p-36;
    }
    const double magnitude = score < 0.0 ? -score : score;
    score -= magnitude * 0x1p-20 + 0x1p-100;
    state.threshold = round_down_to_float(score);
    state.slope = state.error;
    list_threshold = state.threshold;
    if (is_scaled) {
        // dot + error * norm >= score * norm, as slope * norm + dot >= 0.
        const double slope = (double)state.error - score;
        state.slope = round_up_to_float(slope + (slope < 0.0 ? -slope : slope) * 0x1p-20);
        state.threshold = -0x1p-100F;
        list_threshold =
            round_down_to_float(score - magnitude * 0x1p-20 - (double)state.error * 0x1p-20);
    }
}

// Moves the candidates that reach the threshold to the front; returns how many there are.
SKEP_DEVICE uint32_t compact_list(Candidate* list, uint32_t count, float list_threshold,
                                  SelectShared& shared) {
    const uint32_t lane = thread_index() % 32;
    const uint32_t warp = thread_index() / 32;
    const uint32_t num_warps = num_threads() / 32;
    uint32_t num_kept = 0;
#pragma unroll 1
    for (uint32_t base = 0; base < count; base += num_threads()) {
        const uint32_t i = base + thread_index();
        Candidate candidate{0.0F, kNoSlot};
        if (i < count) candidate = list[i];
        const bool is_kept = candidate.slot != kNoSlot && candidate.score >= list_threshold;
        const uint32_t kept_lanes = ballot(is_kept);
        if (lane == 0) shared.warp_counts[warp] = count_bits(kept_lanes);
        block_barrier();  // this stretch is read, its counts are known
        uint32_t position = num_kept + count_bits(kept_lanes & ((1U << lane) - 1U));
#pragma unroll 4
        for (uint32_t other = 0; other < num_warps; ++other) {
            if (other < warp) position += shared.warp_counts[other];
            num_kept += shared.warp_counts[other];
        }
        if (is_kept) list[position] = candidate;
        block_barrier();  // counts are read, they may be overwritten
    }
    return num_kept;
}

template <typename Element>
SKEP_DEVICE void rank_survivors(const SelectParams& params, const float* query,
                                double query_squared_norm, const Candidate* list, uint32_t count) {
    uint64_t* keys = (uint64_t*)dynamic_shared();
    uint32_t* slots = (uint32_t*)(keys + params.sort_capacity);
    const uint32_t lane = thread_index() % kPartialSums;
    const uint32_t group = thread_index() / kPartialSums;
    const uint32_t num_groups = num_threads() / kPartialSums;
    uint32_t sort_count = 2;
    while (sort_count < count)
        sort_count *= 2;

#pragma unroll 1
    for (uint32_t base = 0; base < sort_count; base += num_groups) {
        const uint32_t i = base + group;
        const uint32_t slot = i < count ? list[i].slot : list[0].slot;
        if (count == 0) break;
        const double distance =
            exact_distance(params.view.metric, query, query_squared_norm,
                           row_at<Element>(params.view, slot), params.view.dim, lane);
        if (lane == 0 && i < sort_count) {
            keys[i] = i < count ? ordered_bits(distance) : ~0ULL;
            slots[i] = i < count ? slot : kNoSlot;
        }
    }
    sort_pairs(keys, slots, sort_count);

    const uint64_t first = (uint64_t)block_index() * params.k;
#pragma unroll 1
    for (uint32_t i = thread_index(); i < params.k; i += num_threads()) {
        params.slots[first + i] = i < count ? slots[i] : kNoSlot;
        params.distances[first + i] =
            i < count ? round_to_float(double_of_ordered(keys[i])) : kInfinity;
    }
}

// One round of one query. Returns its status; the same for every thread.
template <typename Element>
SKEP_DEVICE uint32_t select_query(const SelectParams& params) {
    SKEP_SHARED SelectShared shared;
    QueryState* state_in_memory = params.states + block_index();
    Candidate* list = params.lists + (uint64_t)block_index() * params.list_capacity;
    const float* query = params.queries + (uint64_t)block_index() * params.view.dim;
    QueryState state = *state_in_memory;
    if (state.status != kQueryReady) return state.status;
    const uint32_t count = params.fixed_count != 0 ? params.fixed_count : state.count;
    block_barrier();  // everybody has read the state
    if (count > params.list_capacity) {
        if (thread_index() == 0) {
            state_in_memory->status = kQueryOverflowed;
            state_in_memory->threshold = kInfinity;
        }
        return kQueryOverflowed;
    }

    // Tighten.
    const uint32_t kth_key = find_kth_key(list, count, params.k, shared.bins);
    if (thread_index() == 0) shared.list_threshold = -kInfinity;
    if (kth_key != 0) {
        pick(list, count, kth_key, shared);
        const double bound = largest_distance<Element>(params, query, state.squared_norm, shared);
        if (thread_index() == 0) {
            const bool is_scaled = sizeof(Element) == 1 && params.view.metric == kCosine;
            set_threshold(params.view.metric, is_scaled, bound, state, shared.list_threshold);
            state_in_memory->threshold = state.threshold;
            state_in_memory->slope = state.slope;
        }
    }
    block_barrier();  // threshold known to all

    // Drop.
    const uint32_t num_kept = compact_list(list, count, shared.list_threshold, shared);
    if (thread_index() == 0) state_in_memory->count = num_kept;
    if (params.is_last == 0) return kQueryReady;

    // Rank and store.
    if (num_kept > params.sort_capacity) return kQueryOverflowed;
    block_barrier();  // the compacted list is seen by all
    rank_survivors<Element>(params, query, state.squared_norm, list, num_kept);
    return kQueryReady;
}

template <typename Element>
SKEP_DEVICE void select(const SelectParams& params) {
    const uint32_t status = select_query<Element>(params);
    if (params.is_last != 0 && thread_index() == 0) params.statuses[block_index()] = status;
}

}  // namespace skep::cuda
