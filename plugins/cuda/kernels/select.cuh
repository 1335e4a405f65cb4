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
// Cost      reads a list four times, mostly, plus k and then the survivors' rows, 16 lanes each.
// Checked   tests/unit/plugins/cuda/flat_search_test.cpp, tests/cross_backend
#pragma once

#include "bins.cuh"
#include "flat_device.cuh"
#include "select_params.h"
#include "sort.cuh"

namespace skep::cuda {

constexpr uint32_t kSelectBins = 1024;
// A bin that holds so many times k is looked at again in finer bins, up to so often.
constexpr uint32_t kCoarseBin = 8;
constexpr uint32_t kMaxRefinements = 3;
constexpr uint32_t kMostRankings = 4;   // of one list, each with a tighter bound
constexpr uint32_t kInFlight = 4;       // candidates that a thread loads at once
constexpr uint32_t kStepsInFlight = 8;  // steps of a distance

struct SelectShared {
    Bins<kSelectBins> bins;
    uint32_t picks[kMaxDeviceK];
    double group_max[kSelectMaxThreads / kPartialSums];
    uint32_t lowest_key;  // ordered bits of the scores in the list
    uint32_t highest_key;
    uint32_t num_picks;
    uint32_t num_kept;
    float threshold;
    double bound;  // a distance that the k-th nearest does not exceed
};

// Whether a candidate can be picked: not if it is no row, or a row without a score (infinite),
// whose distance would only spoil the bound.
SKEP_DEVICE bool is_pickable(const Candidate& candidate) {
    return candidate.slot != kNoSlot && candidate.score != kInfinity;
}

// Calls visit(candidate) for every candidate that can be picked, several loads on their way at
// once.
template <typename Visit>
SKEP_DEVICE void for_each_pickable(const Candidate* list, uint32_t count, Visit&& visit) {
#pragma unroll 1
    for (uint32_t base = thread_index(); base < count; base += kInFlight * num_threads()) {
        Candidate candidates[kInFlight];
#pragma unroll
        for (uint32_t i = 0; i < kInFlight; ++i) {
            const uint32_t position = base + i * num_threads();
            candidates[i] = position < count ? list[position] : Candidate{0.0F, kNoSlot};
        }
#pragma unroll
        for (uint32_t i = 0; i < kInFlight; ++i) {
            if (is_pickable(candidates[i])) visit(candidates[i]);
        }
    }
}

// Lowest and highest score of the list, as ordered bits. Lowest above highest: there is none.
SKEP_DEVICE void find_range(const Candidate* list, uint32_t count, SelectShared& shared) {
    if (thread_index() == 0) {
        shared.lowest_key = 0xFFFFFFFFU;
        shared.highest_key = 0;
    }
    block_barrier();  // range cleared
    uint32_t lowest = 0xFFFFFFFFU;
    uint32_t highest = 0;
    for_each_pickable(list, count, [&](const Candidate& candidate) {
        const uint32_t key = ordered_bits(candidate.score);
        if (key < lowest) lowest = key;
        if (key > highest) highest = key;
    });
#pragma unroll 1
    for (uint32_t width = 16; width > 0; width /= 2) {
        const uint32_t other_lowest = shuffle_xor(lowest, width);
        const uint32_t other_highest = shuffle_xor(highest, width);
        if (other_lowest < lowest) lowest = other_lowest;
        if (other_highest > highest) highest = other_highest;
    }
    if (thread_index() % 32 == 0) {
        atomic_min(&shared.lowest_key, lowest);
        atomic_max(&shared.highest_key, highest);
    }
    block_barrier();  // range complete
}

// The bin of the k-th best score: those that reach its upper end surely belong to the k. Rounding
// may move a candidate from one bin to the next, so this is a hint to pick() and no promise.
struct PickRange {
    float nearly;  // a bin, or what rounding may be, below the next
    float at_least;
    float surely;
};

// Where the k-th best score lies, by bins of equal width, finer ones where many lie in one. Returns
// false when there are not k.
SKEP_DEVICE bool find_pick_range(const Candidate* list, uint32_t count, uint32_t k,
                                 SelectShared& shared, PickRange& range) {
    find_range(list, count, shared);
    if (shared.lowest_key > shared.highest_key) return false;
    float low = float_of_ordered(shared.lowest_key);
    float high = float_of_ordered(shared.highest_key);
    uint32_t wanted = k;
#pragma unroll 1
    for (uint32_t refinement = 0;; ++refinement) {
        // Halves, so that the width of the widest range is finite.
        const float half_width = (0.5F * high - 0.5F * low) / (float)kSelectBins;
        const float scale = half_width > 0.0F ? 0.5F / half_width : 0.0F;
        for (uint32_t bin = thread_index(); bin < kSelectBins; bin += num_threads())
            shared.bins.histogram[bin] = 0;
        if (thread_index() == 0) shared.bins.remaining = wanted;
        block_barrier();  // histogram cleared
        for_each_pickable(list, count, [&](const Candidate& candidate) {
            if (candidate.score < low || candidate.score > high) return;
            const float position = (candidate.score - low) * scale;
            const uint32_t bin =
                position < (float)(kSelectBins - 1) ? (uint32_t)position : kSelectBins - 1;
            atomic_add(shared.bins.histogram + bin, 1);
        });
        block_barrier();  // histogram complete
        if (thread_index() < 32) choose_bin<true>(shared.bins);
        block_barrier();  // bin known to all
        const uint32_t remaining = shared.bins.remaining;
        if (remaining == 0) {
            // Fewer than k in all; or a refined bin lost one to rounding: the range before will do.
            return refinement != 0;
        }
        const uint32_t bin = shared.bins.chosen;
        const float floor = low + 2.0F * half_width * (float)bin;
        const float ceiling = low + 2.0F * half_width * (float)(bin + 1);
        const float magnitude = floor < 0.0F ? -floor : floor;
        const float slack = 2.0F * half_width + magnitude * 0x1p-16F;
        range = PickRange{floor - slack, floor, ceiling};
        const bool is_fine = shared.bins.histogram[bin] <= kCoarseBin * remaining ||
                             refinement == kMaxRefinements || !(floor > low || ceiling < high);
        block_barrier();  // the histogram is read, it may be cleared
        if (is_fine) return true;
        wanted = remaining;
        low = floor;
        high = ceiling < high ? ceiling : high;
    }
}

// Fills the picks with k rows, best bins first: any k rows bound the distance that is looked for.
// Returns whether there are k.
SKEP_DEVICE bool pick(const Candidate* list, uint32_t count, uint32_t k, const PickRange& range,
                      SelectShared& shared) {
    if (thread_index() == 0) shared.num_picks = 0;
    block_barrier();  // counter cleared
    float most = kInfinity;
    float least = range.surely;
#pragma unroll 1
    for (uint32_t pass = 0; pass < 4; ++pass) {
        if (pass != 0) {
            most = least;
            least = pass == 1 ? range.at_least : (pass == 2 ? range.nearly : -kInfinity);
        }
        for_each_pickable(list, count, [&](const Candidate& candidate) {
            if (!(candidate.score >= least && candidate.score < most)) return;
            const uint32_t position = atomic_add(&shared.num_picks, 1);
            if (position < k) shared.picks[position] = candidate.slot;
        });
        block_barrier();  // this pass's picks are complete
        if (shared.num_picks >= k) return true;
        block_barrier();  // all have read the count
    }
    return false;
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
        const double distance = exact_distance<kStepsInFlight>(
            params.view.metric, query, query_squared_norm,
            row_at<Element>(params.view, shared.picks[i]), params.view.dim, lane);
        if (distance > largest) largest = distance;
    }
    if (lane == 0) shared.group_max[group] = largest;
    block_barrier();  // every group's largest
    if (thread_index() != 0) return 0.0;
    const uint32_t num_measuring = params.k < num_groups ? params.k : num_groups;
#pragma unroll 4
    for (uint32_t other = 1; other < num_measuring; ++other) {
        if (shared.group_max[other] > largest) largest = shared.group_max[other];
    }
    return largest;
}

// The score that every row whose distance is at most `bound` reaches; what double and float
// roundings may do to either side is taken off it.
SKEP_DEVICE float score_of_bound(int32_t metric, double bound, double query_squared_norm) {
    double score;
    if (metric == kL2) {
        score = 0.5 * (query_squared_norm * (1.0 - 0x1p-38) - bound * (1.0 + 0x1p-38));
    } else if (metric == kInnerProduct) {
        score = -bound;
    } else {
        score = 1.0 - bound - 0x1p-36;
    }
    const double magnitude = score < 0.0 ? -score : score;
    return round_down_to_float(score - (magnitude * 0x1p-20 + 0x1p-100));
}

// Moves the candidates that reach the threshold to the front, in any order; returns how many there
// are.
SKEP_DEVICE uint32_t compact_list(Candidate* list, uint32_t count, float threshold,
                                  SelectShared& shared) {
    const uint32_t lane = thread_index() % 32;
    if (thread_index() == 0) shared.num_kept = 0;
#pragma unroll 1
    for (uint32_t base = thread_index(); base < count + thread_index();
         base += kInFlight * num_threads()) {
        Candidate candidates[kInFlight];
#pragma unroll
        for (uint32_t i = 0; i < kInFlight; ++i) {
            const uint32_t position = base + i * num_threads();
            candidates[i] = position < count ? list[position] : Candidate{0.0F, kNoSlot};
        }
        // What is written lies before what is read: after this, nobody reads this stretch again.
        block_barrier();
#pragma unroll
        for (uint32_t i = 0; i < kInFlight; ++i) {
            const Candidate& candidate = candidates[i];
            const bool is_kept = candidate.slot != kNoSlot && candidate.score >= threshold;
            const uint32_t kept_lanes = ballot(is_kept);
            uint32_t first = 0;
            if (lane == 0 && kept_lanes != 0) {
                first = atomic_add(&shared.num_kept, count_bits(kept_lanes));
            }
            first = broadcast(first, 0);
            if (is_kept) list[first + count_bits(kept_lanes & ((1U << lane) - 1U))] = candidate;
        }
    }
    block_barrier();  // the list and its length are complete
    return shared.num_kept;
}

// Measures the survivors and gathers those within the bound in keys and slots. Returns how many
// there are, which may be more than there is room for.
template <typename Element>
SKEP_DEVICE uint32_t measure_survivors(const SelectParams& params, const float* query,
                                       double query_squared_norm, const Candidate* list,
                                       uint32_t count, SelectShared& shared, uint64_t* keys,
                                       uint32_t* slots) {
    const uint32_t lane = thread_index() % kPartialSums;
    const uint32_t group = thread_index() / kPartialSums;
    const uint32_t num_groups = num_threads() / kPartialSums;
    if (thread_index() == 0) shared.num_picks = 0;
    block_barrier();  // the counter is clear, the bound known to all
#pragma unroll 1
    for (uint32_t base = 0; base < count; base += num_groups) {
        // Groups past the end repeat the last row: exchanges need whole warps.
        const uint32_t i = base + group;
        const uint32_t slot = list[i < count ? i : count - 1].slot;
        const double distance = exact_distance<kStepsInFlight>(
            params.view.metric, query, query_squared_norm, row_at<Element>(params.view, slot),
            params.view.dim, lane);
        if (lane == 0 && i < count && distance <= shared.bound) {
            const uint32_t position = atomic_add(&shared.num_picks, 1);
            if (position < params.sort_capacity) {
                keys[position] = ordered_bits(distance);
                slots[position] = slot;
            }
        }
    }
    block_barrier();  // all are measured
    return shared.num_picks;
}

// Ranks the survivors and stores the k nearest. Where more lie within the bound than can be sorted,
// those that were sorted tighten it. Returns false when that does not help.
template <typename Element>
SKEP_DEVICE bool rank_survivors(const SelectParams& params, const float* query,
                                double query_squared_norm, const Candidate* list, uint32_t count,
                                SelectShared& shared) {
    uint64_t* keys = (uint64_t*)dynamic_shared();
    uint32_t* slots = (uint32_t*)(keys + params.sort_capacity);
    uint32_t num_ranked = 0;
#pragma unroll 1
    for (uint32_t attempt = 0; attempt < kMostRankings; ++attempt) {
        num_ranked = measure_survivors<Element>(params, query, query_squared_norm, list, count,
                                                shared, keys, slots);
        const bool has_room = num_ranked <= params.sort_capacity;
        if (!has_room) num_ranked = params.sort_capacity;
        uint32_t sort_count = 2;
        while (sort_count < num_ranked)
            sort_count *= 2;
#pragma unroll 1
        for (uint32_t i = num_ranked + thread_index(); i < sort_count; i += num_threads()) {
            keys[i] = kNoKey;
            slots[i] = kNoSlot;
        }
        sort_pairs(keys, slots, sort_count);
        if (has_room) break;
        const double bound = double_of_ordered(keys[params.k - 1]);
        const bool is_tighter = bound < shared.bound;
        block_barrier();  // all have compared
        if (!is_tighter || attempt + 1 == kMostRankings) return false;
        if (thread_index() == 0) shared.bound = bound;
    }

    const uint64_t first = (uint64_t)block_index() * params.k;
#pragma unroll 1
    for (uint32_t i = thread_index(); i < params.k; i += num_threads()) {
        params.slots[first + i] = i < num_ranked ? slots[i] : kNoSlot;
        params.distances[first + i] =
            i < num_ranked ? round_to_float(double_of_ordered(keys[i])) : kInfinity;
    }
    return true;
}

// One round of one query. Returns its status; the same for every thread.
template <typename Element>
SKEP_DEVICE uint32_t select_query(const SelectParams& params) {
    SKEP_SHARED SelectShared shared;
    QueryState* state_in_memory = params.states + block_index();
    Candidate* list = params.lists + (uint64_t)block_index() * params.list_capacity;
    const float* query = params.queries + (uint64_t)block_index() * params.view.dim;
    QueryState state = *state_in_memory;
    if (state.status == kQueryUnbounded) return kQueryUnbounded;
    const uint32_t wished = params.fixed_count != 0 ? params.fixed_count : state.count;
    block_barrier();  // everybody has read the state
    // Some of too many survivors bound the k-th distance all the same.
    const bool is_overflowed = wished > params.list_capacity;
    const uint32_t count = is_overflowed ? params.list_capacity : wished;

    // Tighten.
    PickRange range;
    if (thread_index() == 0) {
        shared.threshold = state.threshold;
        shared.bound = (double)kInfinity;
    }
    if (find_pick_range(list, count, params.k, shared, range) &&
        pick(list, count, params.k, range, shared)) {
        const double bound = largest_distance<Element>(params, query, state.squared_norm, shared);
        if (thread_index() == 0) {
            shared.bound = bound;
            const float threshold = score_of_bound(params.view.metric, bound, state.squared_norm);
            if (threshold > shared.threshold) shared.threshold = threshold;
            state_in_memory->threshold = shared.threshold;
        }
    }
    block_barrier();  // threshold known to all
    if (is_overflowed || params.drops_list != 0) {
        if (thread_index() == 0) {
            state_in_memory->count = 0;
            if (is_overflowed) state_in_memory->status = kQueryOverflowed;
        }
        return is_overflowed ? kQueryOverflowed : state.status;
    }

    // Drop.
    const uint32_t num_kept = compact_list(list, count, shared.threshold, shared);
    if (thread_index() == 0) state_in_memory->count = num_kept;
    if (params.is_last == 0 || state.status != kQueryReady) return state.status;

    // Rank and store.
    const bool is_ranked =
        rank_survivors<Element>(params, query, state.squared_norm, list, num_kept, shared);
    return is_ranked ? kQueryReady : kQueryOverflowed;
}

template <typename Element>
SKEP_DEVICE void select(const SelectParams& params) {
    const uint32_t status = select_query<Element>(params);
    if (params.is_last != 0 && thread_index() == 0) {
        params.statuses[block_index()] = status;
        params.thresholds[block_index()] = params.states[block_index()].threshold;
    }
}

}  // namespace skep::cuda
