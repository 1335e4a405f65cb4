// SPDX-License-Identifier: MIT
// graph_search: finds the rows near a query by walking a hierarchical graph, one warp per query.
// Source    Malkov, Yashunin: "Efficient and robust approximate nearest neighbor search using
//           hierarchical navigable small world graphs" (2016). Seeds instead of one entry. The walk
//           is that of plugins/cpu/graph, step by step.
// Shapes    queries, or rows of the store; found [num_queries, num_found].
// Launch    one warp per query, kWalkWarps to a block.
// Shared    graph_warp_bytes(width, num_visited) per warp, dynamic.
// Numerics  scores from codes in float; found ascends by them, equal ones by slot.
// Cost      some 20 rows per entry of the pool, each from anywhere in memory.
// Checked   tests/unit/plugins/cuda/graph_test.cpp, tests/cross_backend
#pragma once

#include "graph_pool.cuh"

namespace skep::cuda {

// Links are words that others may be writing: what is read is the link before or after.
SKEP_DEVICE uint32_t load_link(const uint32_t* link) {
    return atomic_load(link);
}

SKEP_DEVICE uint32_t* list_of(const GraphView& graph, uint32_t slot, uint32_t level) {
    if (level == 0) return graph.base + (uint64_t)slot * graph.degree;
    return graph.upper + ((uint64_t)graph.first_lists[slot] + level - 1) * graph.m;
}
SKEP_DEVICE uint32_t list_capacity(const GraphView& graph, uint32_t level) {
    return level == 0 ? graph.degree : graph.m;
}

// Rows that a walk has met. A place remembers the last row that came there: rows may be forgotten,
// which costs scoring them once more.
struct VisitedRows {
    uint32_t* places;  // [num_places]
    uint32_t mask;     // num_places - 1

    // Whether it was not known to be visited.
    SKEP_DEVICE_MEMBER bool visit(uint32_t slot) {
        uint32_t hash = slot * 0x9E3779B1U;
        hash = (hash ^ (hash >> 15)) & mask;
        return atomic_exchange(places + hash, slot) != slot;
    }
};

// The working memory of a warp.
struct WalkShared {
    GraphPool pool;
    VisitedRows visited;
    uint32_t* chunk;  // [kGraphGathered]
};

SKEP_DEVICE WalkShared walk_shared(uint32_t width, uint32_t num_visited) {
    uint8_t* base = dynamic_shared() + (thread_index() / 32) * graph_warp_bytes(width, num_visited);
    uint64_t* entries = (uint64_t*)base;
    uint32_t* chunk = (uint32_t*)(entries + width + kGraphChunk);
    return {
        {entries, entries + width, width, 0, 0}, {chunk + kGraphGathered, num_visited - 1}, chunk};
}

// Rows that are offered to a pool before any is expanded: lists one behind the other.
struct OfferedRows {
    const uint32_t* first;
    uint32_t num_first;
    const uint32_t* second;
    uint32_t num_second;

    SKEP_DEVICE_MEMBER uint32_t at(uint32_t position) const {
        if (position < num_first) return first[position];
        return position - num_first < num_second ? second[position - num_first] : kNoSlot;
    }
    SKEP_DEVICE_MEMBER uint32_t count() const { return num_first + num_second; }
};

// Takes rows into the pool, but for one.
template <Codes kCodes>
SKEP_DEVICE void offer_rows(WalkShared& shared, const GraphScorer<kCodes>& scorer,
                            const OfferedRows& rows, uint32_t left_out) {
    const uint32_t lane = lane_index();
    const uint32_t count = rows.count();
#pragma unroll 1
    for (uint32_t first = 0; first < count; first += kGraphChunk) {
        const uint32_t slot = rows.at(first + lane);
        shared.chunk[lane] = slot != left_out ? slot : kNoSlot;
        warp_barrier();  // the chunk is whole
        offer(shared.pool, scorer, shared.chunk, kGraphChunk);
        warp_barrier();  // the chunk is read
    }
}

// The lists that are read together, and how far.
struct ListsInFlight {
    const uint32_t* lists[kGraphParents];
    uint32_t capacity;  // of each
    uint32_t position;
};

// Takes the seeds into the pool, or without seeds expands its nearest open entries until there are
// none. Both in one loop, so that what scores and inserts is there once: the driver compiles it
// when it is first wanted.
template <Codes kCodes>
SKEP_DEVICE void walk_layer(WalkShared& shared, const GraphScorer<kCodes>& scorer,
                            const GraphView& graph, uint32_t level, const uint32_t* seeds,
                            uint32_t num_seeds, uint64_t num_slots) {
    const uint32_t lane = lane_index();
    ListsInFlight lists{{seeds}, num_seeds, 0};
    uint32_t filled = 0;
    bool has_lists = num_seeds != 0;
#pragma unroll 1
    for (;;) {
        if (has_lists && lists.position >= lists.capacity) has_lists = false;
        if (!has_lists && filled == 0) {
            if (num_seeds != 0) return;
            uint32_t parents[kGraphParents];
            take_nearest_open(shared.pool, parents);
            if (parents[0] == kNoSlot) return;
            has_lists = true;
#pragma unroll
            for (uint32_t i = 0; i < kGraphParents; ++i) {
                lists.lists[i] =
                    parents[i] != kNoSlot ? list_of(graph, parents[i], level) : nullptr;
            }
            lists.capacity = list_capacity(graph, level);
            lists.position = 0;
        }
        // Gathers new rows until they are a chunk, or there are no more.
        if (has_lists && filled < kGraphChunk) {
            uint32_t links[kGraphParents];
            const uint32_t position = lists.position + lane;
#pragma unroll
            for (uint32_t i = 0; i < kGraphParents; ++i) {
                const bool is_link = lists.lists[i] != nullptr && position < lists.capacity;
                links[i] = is_link ? load_link(lists.lists[i] + position) : kNoSlot;
            }
            lists.position += 32;
#pragma unroll
            for (uint32_t i = 0; i < kGraphParents; ++i) {
                const bool is_new = links[i] < num_slots && shared.visited.visit(links[i]);
                const uint32_t lanes = ballot(is_new);
                if (is_new) {
                    shared.chunk[filled + count_bits(lanes & ((1U << lane) - 1U))] = links[i];
                }
                filled += count_bits(lanes);
                warp_barrier();  // the rows are gathered, and visited for the next list
            }
            if (filled < kGraphChunk) continue;
        }
        const uint32_t count = filled < kGraphChunk ? filled : kGraphChunk;
        offer(shared.pool, scorer, shared.chunk, count);
        filled -= count;
        warp_barrier();  // the chunk is read
                         // What does not fill a chunk moves up.
#pragma unroll 1
        for (uint32_t first = 0; first < filled; first += kGraphChunk) {
            const uint32_t moved = shared.chunk[first + kGraphChunk + lane];
            warp_barrier();  // the rest is read
            shared.chunk[first + lane] = moved;
            warp_barrier();  // and moved
        }
    }
}

// Entries of the pool on layers above the one that is searched.
constexpr uint32_t kDescentWidth = 1;

template <Codes kCodes>
SKEP_DEVICE void graph_search(const GraphSearchParams& params) {
    const uint32_t lane = lane_index();
    const uint32_t query_id = block_index() * kWalkWarps + thread_index() / 32;
    if (query_id >= params.num_queries) return;
    WalkShared shared = walk_shared(params.width, params.num_visited);
    const bool is_row = params.query_rows != nullptr;
    const uint32_t row = is_row ? params.query_rows[query_id] : query_id;
    const auto scorer = score_against<kCodes>(
        params.view,
        (is_row ? params.view.codes : params.codes) + (uint64_t)row * params.view.code_stride,
        is_row ? row_scale<kCodes>(params.view, row) : params.states[query_id].scale);
#pragma unroll 1
    for (uint32_t level = params.seed_level + 1; level-- > params.level;) {
        const bool is_seeding = level == params.seed_level;
        reopen(shared.pool, level == params.level || params.width < kDescentWidth ? params.width
                                                                                  : kDescentWidth);
        for (uint32_t i = lane; i <= shared.visited.mask; i += 32)
            shared.visited.places[i] = kNoSlot;
        warp_barrier();  // nothing is visited
        walk_layer(shared, scorer, params.graph, level, params.seeds,
                   is_seeding ? params.num_seeds : 0, params.num_slots);
    }

    // A query that has no code finds nothing: an exact search will.
    const bool has_code = is_row || params.states[query_id].status == kQueryReady;
    if (!has_code) shared.pool.size = 0;
    uint32_t* found = params.found + (uint64_t)query_id * params.num_found;
    uint32_t num_found = 0;
#pragma unroll 1
    for (uint32_t first = 0; first < shared.pool.size && num_found < params.num_found;
         first += 32) {
        const uint32_t position = first + lane;
        const uint32_t slot =
            position < shared.pool.size ? entry_slot(shared.pool.entries[position]) : kNoSlot;
        const bool is_answer = slot != kNoSlot && is_candidate(params.filter, slot);
        const uint32_t lanes = ballot(is_answer);
        const uint32_t target = num_found + count_bits(lanes & ((1U << lane) - 1U));
        if (is_answer && target < params.num_found) found[target] = slot;
        num_found += count_bits(lanes);
    }
    for (uint32_t i = num_found + lane; i < params.num_found; i += 32)
        found[i] = kNoSlot;
}

}  // namespace skep::cuda
