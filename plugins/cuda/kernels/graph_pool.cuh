// SPDX-License-Identifier: MIT
// A sorted pool of candidates in shared memory, kept by one warp: the nearest rows met so far, and
// which of them have been expanded.
//
// What a pool holds depends only on the set of rows that were offered, not on their order, nor on
// how often one was: so walks give the same answers however their loads interleave, and may forget
// which rows they have met.
#pragma once

#include "graph_scorer.cuh"

namespace skep::cuda {

// Score, slot, and whether the row is still to be expanded, as one number: larger is nearer, and of
// equal scores the lower slot. 0: no row.
SKEP_DEVICE uint64_t pool_entry(float score, uint32_t slot) {
    return ((uint64_t)ordered_bits(score) << 32) | ((kMaxGraphSlots - slot) << 1) | 1U;
}
SKEP_DEVICE uint32_t entry_slot(uint64_t entry) {
    return kMaxGraphSlots - ((uint32_t)entry >> 1);
}
SKEP_DEVICE float entry_score(uint64_t entry) {
    return float_of_ordered((uint32_t)(entry >> 32));
}
SKEP_DEVICE bool is_open(uint64_t entry) {
    return (entry & 1U) != 0;
}
SKEP_DEVICE bool is_nearer(uint64_t a, uint64_t b) {
    return (a >> 1) > (b >> 1);
}
SKEP_DEVICE bool is_same_row(uint64_t a, uint64_t b) {
    return ((a ^ b) >> 1) == 0;
}
SKEP_DEVICE uint64_t broadcast(uint64_t value, uint32_t lane) {
    const uint64_t high = broadcast((uint32_t)(value >> 32), lane);
    return (high << 32) | broadcast((uint32_t)value, lane);
}

struct GraphPool {
    uint64_t* entries;   // [capacity] nearest first
    uint64_t* arrivals;  // [kGraphChunk]
    uint32_t capacity;
    uint32_t size;
    uint32_t first_open;  // no entry before it is open
};

// How many of sorted entries are nearer than this one.
SKEP_DEVICE uint32_t count_nearer(const uint64_t* entries, uint32_t count, uint64_t entry) {
    uint32_t low = 0;
#pragma unroll 1
    while (count > 0) {
        const uint32_t half = count / 2;
        if (is_nearer(entries[low + half], entry)) {
            low += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    return low;
}

// How many of `count` entries in any order are nearer than this one.
SKEP_DEVICE uint32_t count_arrivals_before(const uint64_t* arrivals, uint32_t count,
                                           uint64_t entry) {
    uint32_t before = 0;
#pragma unroll 4
    for (uint32_t i = 0; i < count; ++i)
        before += arrivals[i] > entry ? 1 : 0;
    return before;
}

// Whether an entry is among the first `count`.
SKEP_DEVICE bool is_repeated(const uint64_t* arrivals, uint32_t count, uint64_t entry) {
    bool is_found = false;
#pragma unroll 4
    for (uint32_t i = 0; i < count; ++i)
        is_found |= arrivals[i] == entry;
    return is_found;
}

// Takes in one open entry from every lane, 0 for none. Rows that the pool has are left out.
SKEP_DEVICE void insert(GraphPool& pool, uint64_t entry) {
    const uint32_t lane = lane_index();
    const uint64_t last = pool.size == pool.capacity ? pool.entries[pool.capacity - 1] : 0;
    uint32_t count = 0;
    uint32_t rank = 0;   // among those that arrive
    uint32_t place = 0;  // among those that are there
    bool arrives = false;
#pragma unroll 1
    for (;;) {
        arrives = is_nearer(entry, last);
        const uint32_t lanes = ballot(arrives);
        if (lanes == 0) return;
        count = count_bits(lanes);
        const uint32_t arrival = count_bits(lanes & ((1U << lane) - 1U));
        if (arrives) pool.arrivals[arrival] = entry;
        warp_barrier();  // all that arrive are there
        rank = count_arrivals_before(pool.arrivals, count, entry);
        place = arrives ? count_nearer(pool.entries, pool.size, entry) : 0;
        // A row may come twice while others write its list, or where the walk has forgotten it.
        bool is_known = arrives && place < pool.size && is_same_row(pool.entries[place], entry);
        if (arrives && is_repeated(pool.arrivals, arrival, entry)) is_known = true;
        if (ballot(is_known) == 0) break;
        if (is_known) entry = 0;
        warp_barrier();  // arrivals are read
    }
    const uint32_t foremost = lowest_bit(ballot(arrives && rank == 0));
    const uint32_t first = broadcast(place, foremost);
    // From the end, so that nothing is written over before it was moved.
#pragma unroll 1
    for (uint32_t chunk = (pool.size + 31) / 32; chunk-- > first / 32;) {
        const uint32_t position = chunk * 32 + lane;
        const bool is_there = position < pool.size;
        const uint64_t moved = is_there ? pool.entries[position] : 0;
        const uint32_t target = position + count_arrivals_before(pool.arrivals, count, moved | 1U);
        warp_barrier();  // the chunk is read
        if (is_there && target < pool.capacity) pool.entries[target] = moved;
    }
    if (arrives && place + rank < pool.capacity) pool.entries[place + rank] = entry;
    pool.size = pool.size + count < pool.capacity ? pool.size + count : pool.capacity;
    if (first < pool.first_open) pool.first_open = first;
    warp_barrier();  // the pool is whole
}

// Scores a chunk of rows and takes them in.
template <Codes kCodes>
SKEP_DEVICE void offer(GraphPool& pool, const GraphScorer<kCodes>& scorer, const uint32_t* chunk,
                       uint32_t count) {
    const float score = score_rows(scorer, chunk, count);
    insert(pool, score > -kInfinity ? pool_entry(score, chunk[place_of_lane(lane_index())]) : 0);
}

// Opens all entries, and keeps the nearest `capacity`.
SKEP_DEVICE void reopen(GraphPool& pool, uint32_t capacity) {
    pool.capacity = capacity;
    if (pool.size > capacity) pool.size = capacity;
#pragma unroll 1
    for (uint32_t position = lane_index(); position < pool.size; position += 32)
        pool.entries[position] |= 1U;
    pool.first_open = 0;
    warp_barrier();  // all are open
}

// Closes the nearest open entries, as many as are expanded together, and tells their slots; kNoSlot
// where there are no more.
SKEP_DEVICE void take_nearest_open(GraphPool& pool, uint32_t (&slots)[kGraphParents]) {
    const uint32_t lane = lane_index();
#pragma unroll
    for (uint32_t i = 0; i < kGraphParents; ++i)
        slots[i] = kNoSlot;
    uint32_t num_taken = 0;
    uint32_t first = pool.first_open / 32 * 32;
    pool.first_open = pool.size;
#pragma unroll 1
    for (; first < pool.size; first += 32) {
        const uint32_t position = first + lane;
        const uint64_t entry = position < pool.size ? pool.entries[position] : 0;
        uint32_t open = ballot(is_open(entry));
        uint32_t taken = 0;
#pragma unroll
        for (uint32_t i = 0; i < kGraphParents; ++i) {
            if (i < num_taken || open == 0) continue;
            slots[i] = broadcast(entry_slot(entry), lowest_bit(open));
            taken |= open & (0U - open);
            open &= open - 1;
            ++num_taken;
        }
        if (((taken >> lane) & 1U) != 0) pool.entries[position] = entry & ~1ULL;
        if (open == 0) continue;
        pool.first_open = first + lowest_bit(open);
        break;
    }
    warp_barrier();  // they are closed
}

}  // namespace skep::cuda
