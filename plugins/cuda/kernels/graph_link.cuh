// SPDX-License-Identifier: MIT
// Linking new rows of a layer, in four steps after graph_search has found candidates for them
// (docs/adr/0006):
//
//     graph_choose   what each new row links to, of its candidates and of the other new rows
//     graph_count    how many new links lead to each row; whoever meets a row first claims it
//     graph_place    where its sources go
//     graph_fill     the sources, grouped by the row that they link to
//     graph_take_in  that row's list takes them in
//
// Sources of a row arrive in any order, but pools sort them: the graph is the same every time.
#pragma once

#include "graph_walk.cuh"

namespace skep::cuda {

// The heuristic of HNSW (algorithm 4 of the paper): the nearest entry of the pool is chosen and
// rules out those that are nearer to it than to the query, and so on. Writes at most `count` slots
// to `chosen` and returns how many. The visited filter is not needed meanwhile: `chosen` lies
// there.
template <Codes kCodes>
SKEP_DEVICE uint32_t choose_links(const GraphScorer<kCodes>& query, const GraphPool& pool,
                                  uint32_t* chunk, uint32_t count, uint32_t* chosen) {
    const uint32_t lane = lane_index();
    const uint32_t place = place_of_lane(lane);
    uint32_t ruled_out = 0;  // bit c: entry 32 c + place
    uint32_t num_chosen = 0;
#pragma unroll 1
    for (uint32_t position = 0; position < pool.size; ++position) {
        const uint32_t owner = lane_of_place(position % 32);
        if (((broadcast(ruled_out, owner) >> (position / 32)) & 1U) != 0) continue;
        const uint32_t slot = entry_slot(pool.entries[position]);
        if (lane == 0) chosen[num_chosen] = slot;
        ++num_chosen;
        if (num_chosen == count) break;
        const auto scorer = score_against_row<kCodes>(*query.view, slot);
#pragma unroll 1
        for (uint32_t first = position / 32 * 32; first < pool.size; first += 32) {
            const uint32_t entry = first + place;
            const bool is_left =
                entry < pool.size && entry > position && ((ruled_out >> (first / 32)) & 1U) == 0;
            if (ballot(is_left) == 0) continue;
            chunk[place] = is_left ? entry_slot(pool.entries[entry]) : kNoSlot;
            warp_barrier();  // the chunk is whole
            const float score = score_rows(scorer, chunk, kGraphChunk);
            const float limit = is_left ? entry_score(pool.entries[entry]) : 0.0F;
            // Of many equal rows, half of the links at most go to one another.
            const bool is_nearer_to_it = 2 * num_chosen < count ? score > limit : score >= limit;
            if (is_left && is_nearer_to_it) ruled_out |= 1U << (first / 32);
            warp_barrier();  // the chunk is read
        }
    }
    warp_barrier();  // the choice is whole
    if (query.view->metric != kInnerProduct) return num_chosen;
    // Long rows rule all others out, where it is them that searches look for: the nearest of those
    // that were ruled out make up for what is missing.
    const uint32_t num_ruling = num_chosen;
#pragma unroll 1
    for (uint32_t first = 0; first < pool.size && num_chosen < count; first += 32) {
        const uint32_t slot =
            first + lane < pool.size ? entry_slot(pool.entries[first + lane]) : kNoSlot;
        bool is_missing = slot != kNoSlot;
#pragma unroll 1
        for (uint32_t i = 0; i < num_ruling; ++i)
            is_missing &= chosen[i] != slot;
        const uint32_t lanes = ballot(is_missing);
        const uint32_t target = num_chosen + count_bits(lanes & ((1U << lane) - 1U));
        if (is_missing && target < count) chosen[target] = slot;
        num_chosen += count_bits(lanes);
    }
    warp_barrier();  // the choice is whole
    return num_chosen < count ? num_chosen : count;
}

// Writes a list of links and what pads it.
SKEP_DEVICE void write_list(uint32_t* list, uint32_t capacity, const uint32_t* links,
                            uint32_t count) {
    for (uint32_t i = lane_index(); i < capacity; i += 32)
        list[i] = i < count ? links[i] : kNoSlot;
}

template <Codes kCodes>
SKEP_DEVICE void graph_choose(const GraphChooseParams& params) {
    const uint32_t lane = lane_index();
    const uint32_t member_id = block_index() * kGraphWarps + thread_index() / 32;
    if (member_id >= params.num_members) return;
    WalkShared shared = walk_shared(params.width, params.graph.degree);
    const uint32_t member = params.members[member_id];
    const auto scorer = score_against_row<kCodes>(params.view, member);
    offer_rows(shared, scorer,
               {params.candidates + (uint64_t)member_id * params.num_candidates,
                params.num_candidates, params.members, params.num_members},
               member);
    uint32_t* chosen = shared.visited.places;
    const uint32_t count = choose_links(scorer, shared.pool, shared.chunk, params.graph.m, chosen);
    write_list(list_of(params.graph, member, params.level),
               list_capacity(params.graph, params.level), chosen, count);
    if (lane == 0) atomic_add(params.num_links, count);
}

// One thread per link of the new rows. Calls visit(source, target).
template <typename Visit>
SKEP_DEVICE void for_each_new_link(const GraphReverseParams& params, Visit&& visit) {
    const uint32_t m = params.graph.m;
    const uint64_t id = (uint64_t)block_index() * num_threads() + thread_index();
    if (id >= (uint64_t)params.num_members * m) return;
    const uint32_t source = params.members[id / m];
    const uint32_t target = list_of(params.graph, source, params.level)[id % m];
    if (target != kNoSlot) visit(source, target);
}

SKEP_DEVICE void graph_count_body(const GraphReverseParams& params) {
    for_each_new_link(params, [&](uint32_t, uint32_t target) {
        if (atomic_add(params.counts + target, 1) != 0) return;
        params.targets[atomic_add(params.num_targets, 1)].slot = target;
    });
}

SKEP_DEVICE void graph_place_body(const GraphReverseParams& params) {
    const uint64_t id = (uint64_t)block_index() * num_threads() + thread_index();
    if (id >= *params.num_targets) return;
    GraphTarget& target = params.targets[id];
    target.count = params.counts[target.slot];
    target.first = atomic_add(params.num_sources, target.count);
    params.starts[target.slot] = target.first;
}

// Counts down what was counted up.
SKEP_DEVICE void graph_fill_body(const GraphReverseParams& params) {
    for_each_new_link(params, [&](uint32_t source, uint32_t target) {
        const uint32_t position = atomic_add(params.counts + target, 0xFFFFFFFFU) - 1;
        params.sources[params.starts[target] + position] = source;
    });
}

template <Codes kCodes>
SKEP_DEVICE void graph_take_in(const GraphReverseParams& params) {
    const uint32_t lane = lane_index();
    const uint32_t capacity = list_capacity(params.graph, params.level);
    const uint32_t num_targets = *params.num_targets;
#pragma unroll 1
    for (uint32_t id = block_index() * kGraphWarps + thread_index() / 32; id < num_targets;
         id += num_blocks() * kGraphWarps) {
        WalkShared shared = walk_shared(params.width, params.graph.degree);
        const GraphTarget target = params.targets[id];
        const auto scorer = score_against_row<kCodes>(params.view, target.slot);
        uint32_t* list = list_of(params.graph, target.slot, params.level);
        uint32_t num_old = 0;
        for (uint32_t first = 0; first < capacity; first += 32)
            num_old += count_bits(ballot(first + lane < capacity && list[first + lane] != kNoSlot));
        offer_rows(shared, scorer, {list, capacity, params.sources + target.first, target.count},
                   kNoSlot);
        uint32_t* chosen = shared.visited.places;
        uint32_t count = shared.pool.size;
        if (count > capacity) {
            count = choose_links(scorer, shared.pool, shared.chunk, capacity, chosen);
        } else {
            for (uint32_t i = lane; i < count; i += 32)
                chosen[i] = entry_slot(shared.pool.entries[i]);
            warp_barrier();  // the choice is whole
        }
        write_list(list, capacity, chosen, count);
        if (lane == 0) atomic_add(params.num_links, count - num_old);
        warp_barrier();  // the memory is free for the next
    }
}

}  // namespace skep::cuda
