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

// Takes in one entry from every lane, 0 for none. Rows that the pool has are left out.
SKEP_DEVICE void insert(GraphPool& pool, uint64_t entry) {
    const uint32_t lane = lane_index();
    const uint64_t last = pool.size == pool.capacity ? pool.entries[pool.capacity - 1] : 0;
    const uint32_t lanes = ballot(is_nearer(entry, last));
    if (lanes == 0) return;
    uint32_t rank = 0;
#pragma unroll 1
    for (uint32_t rest = lanes; rest != 0; rest &= rest - 1) {
        const uint32_t other_lane = lowest_bit(rest);
        const uint64_t other = broadcast(entry, other_lane);
        if (is_nearer(other, entry) || (is_same_row(other, entry) && other_lane < lane)) ++rank;
    }
    if (((lanes >> lane) & 1U) != 0) pool.arrivals[rank] = entry;
    uint32_t count = count_bits(lanes);
    warp_barrier();  // arrivals are sorted
    uint64_t arrival = 0;
    uint32_t place = 0;
#pragma unroll 1
    for (;;) {
        arrival = lane < count ? pool.arrivals[lane] : 0;
        place = count_nearer(pool.entries, pool.size, arrival);
        const bool is_known =
            lane < count && ((place < pool.size && is_same_row(pool.entries[place], arrival)) ||
                             (lane != 0 && is_same_row(pool.arrivals[lane - 1], arrival)));
        const uint32_t known = ballot(is_known);
        if (known == 0) break;
        const uint32_t kept = ballot(lane < count && !is_known);
        if (((kept >> lane) & 1U) != 0) {
            pool.arrivals[count_bits(kept & ((1U << lane) - 1U))] = arrival;
        }
        count = count_bits(kept);
        warp_barrier();  // arrivals are new rows
    }
    if (count == 0) return;
    // From the end, so that nothing is written over before it was moved.
    const uint32_t first = broadcast(place, 0);
#pragma unroll 1
    for (uint32_t chunk = (pool.size + 31) / 32; chunk-- > first / 32;) {
        const uint32_t position = chunk * 32 + lane;
        const bool is_there = position < pool.size;
        const uint64_t moved = is_there ? pool.entries[position] : 0;
        const uint32_t target =
            position + (is_there ? count_nearer(pool.arrivals, count, moved) : 0);
        warp_barrier();  // the chunk is read
        if (is_there && target < pool.capacity) pool.entries[target] = moved;
        warp_barrier();  // and moved
    }
    if (lane < count && place + lane < pool.capacity) pool.entries[place + lane] = arrival;
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

// Closes the nearest open entry and returns its slot; kNoSlot when there is none.
SKEP_DEVICE uint32_t take_nearest_open(GraphPool& pool) {
    const uint32_t lane = lane_index();
#pragma unroll 1
    for (uint32_t first = pool.first_open / 32 * 32; first < pool.size; first += 32) {
        const uint32_t position = first + lane;
        const uint32_t open = ballot(position < pool.size && is_open(pool.entries[position]));
        if (open == 0) continue;
        const uint32_t nearest = first + lowest_bit(open);
        const uint64_t entry = pool.entries[nearest];
        warp_barrier();  // all have read it
        if (lane == 0) pool.entries[nearest] = entry & ~1ULL;
        warp_barrier();  // it is closed
        pool.first_open = nearest + 1;
        return entry_slot(entry);
    }
    pool.first_open = pool.size;
    return kNoSlot;
}

}  // namespace skep::cuda
