// SPDX-License-Identifier: MIT
// What host and kernels of the graph index share.
#pragma once

#include "flat_types.h"

namespace skep::cuda {

constexpr uint32_t kGraphThreads = 128;
constexpr uint32_t kGraphWarps = kGraphThreads / 32;  // of a block; each works for a row of its own
// Walks take differently long: small blocks leave nothing idle.
constexpr uint32_t kWalkThreads = 32;
constexpr uint32_t kWalkWarps = kWalkThreads / 32;
constexpr uint32_t kGraphChunk = 32;  // rows that a warp scores at once
// Candidates that are expanded together. One: a walk then meets the rows that it would meet on a
// processor, and both devices find the same. Two or four find a little more for the same time.
constexpr uint32_t kGraphParents = 1;
// Rows that a warp gathers: a chunk, and what the lists read last may bring beyond.
constexpr uint32_t kGraphGathered = (1 + kGraphParents) * kGraphChunk;
constexpr uint32_t kMaxGraphSeeds = 512;
constexpr uint32_t kMaxGraphPool = 1024;
// Slots of rows with a graph have 31 bits: an entry of a pool has one to spare.
constexpr uint32_t kMaxGraphSlots = 0x7FFFFFFF;
constexpr uint32_t kRankThreads = 128;

// Links of all rows. A list ends at its first kNoSlot, or is full.
struct GraphView {
    uint32_t* base;   // [num_slots, degree]
    uint32_t* upper;  // [num_lists, m]: a row's lists follow one another, level by level from 1
    uint32_t* first_lists;  // [num_slots] a row's first list there
    uint32_t degree;
    uint32_t m;
};

// Shared memory of a warp that walks: the pool, what is about to enter it, rows to be scored, the
// filter of rows that were met.
constexpr uint32_t graph_warp_bytes(uint32_t width, uint32_t num_visited) {
    return (width + kGraphChunk) * (uint32_t)sizeof(uint64_t) +
           (kGraphGathered + num_visited) * (uint32_t)sizeof(uint32_t);
}

// graph_search: walks from seeds down to a layer and along it.
struct GraphSearchParams {
    RowsView view;
    GraphView graph;
    RowFilter filter;            // rows that are answers
    const uint8_t* codes;        // [num_queries, code_stride]; null when queries are rows
    const QueryState* states;    // [num_queries]; null when queries are rows
    const uint32_t* query_rows;  // [num_queries] slots, when queries are rows
    const uint32_t* seeds;       // [num_seeds] all of seed_level or higher
    uint32_t* found;             // [num_queries, num_found] nearest first, padded with kNoSlot
    uint64_t num_slots;          // rows that view holds: links beyond are not followed
    uint32_t num_queries;
    uint32_t num_seeds;
    uint32_t seed_level;
    uint32_t level;        // the layer that is searched; at most seed_level
    uint32_t width;        // entries of the pool, at most kMaxGraphPool
    uint32_t num_visited;  // power of two
    uint32_t num_found;    // at most width
    uint32_t reserved;
};

// graph_choose: what new rows of a layer link to.
struct GraphChooseParams {
    RowsView view;
    GraphView graph;
    const uint32_t* members;     // [num_members] slots of the new rows
    const uint32_t* candidates;  // [num_members, num_candidates] slots, padded with kNoSlot
    uint32_t* num_links;         // counts the links of all
    uint32_t num_members;
    uint32_t num_candidates;  // 0: none
    uint32_t level;
    uint32_t width;  // entries of the pool
};

// A row that others have linked to, and where in the list of sources those are.
struct GraphTarget {
    uint32_t slot;
    uint32_t first;
    uint32_t count;
};

// graph_count, graph_place, graph_fill and graph_take_in: turn the links of new rows round.
struct GraphReverseParams {
    RowsView view;
    GraphView graph;
    const uint32_t* members;  // [num_members]
    uint32_t* counts;         // [num_slots] links to a row; zero before and after
    uint32_t* starts;         // [num_slots] its first source
    uint32_t* sources;        // [num_members, m]
    GraphTarget* targets;     // [num_members, m]
    uint32_t* num_targets;
    uint32_t* num_sources;
    uint32_t* num_links;
    uint32_t num_members;
    uint32_t level;
    uint32_t width;
    uint32_t reserved;
};

// graph_rank: measures what walks have found, and answers.
struct GraphRankParams {
    RowsView view;
    const float* queries;      // [num_queries, dim]
    const QueryState* states;  // [num_queries]
    const uint32_t* found;     // [num_queries, num_found]
    uint32_t* slots;           // [num_queries, k] in pinned host memory
    float* distances;          // [num_queries, k]
    uint32_t num_found;
    uint32_t k;
    uint32_t sort_capacity;  // power of two, at least num_found and 2
    uint32_t reserved;
};
constexpr uint32_t graph_rank_bytes(uint32_t sort_capacity) {
    return sort_capacity * (uint32_t)(sizeof(uint64_t) + sizeof(uint32_t));
}

}  // namespace skep::cuda
