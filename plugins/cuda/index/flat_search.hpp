// SPDX-License-Identifier: MIT
// One exact search over a store: prepares memory, runs the rounds of the plan for each tile of
// queries, redoes by the plain kernels what the filter could not certify, and hands the answers
// out.
#pragma once

#include <skep/backend.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "index/flat_kernels.hpp"
#include "index/flat_store.hpp"
#include "index/search_input.hpp"
#include "index/search_plan.hpp"
#include "index/tile_launch.hpp"

namespace skep::cuda {

class FlatSearch {
  public:
    // k is at most kMaxDeviceK, num_slots and the number of queries are not 0.
    FlatSearch(const FlatStore& store, const skep_matrix& queries,
               const skep_search_request& request, const Mask* mask, const skep_call* call);

    // Queries in flight at a time: their pinned memory is theirs until the answers are out.
    static constexpr std::uint64_t kWaveQueries = 16384;

    // Fills slots and distances, [num_queries, k] each. The context is current. Returns what
    // stopped it, or SKEP_OK; throws. Up to kWaveQueries queries are answered all or none.
    skep_status run(std::uint32_t* slots, float* distances);

  private:
    // Where things lie in a tile's scratch memory, and how long its lists are.
    struct Layout {
        std::uint32_t list_capacity;
        std::uint32_t sort_capacity;
        std::uint64_t queries;
        std::uint64_t codes;
        std::uint64_t lists;
        std::uint64_t allowed;
        std::uint64_t states;
        std::uint64_t end;
    };
    [[nodiscard]] Layout layout_of(std::uint64_t num_queries, std::uint32_t list_capacity,
                                   std::uint32_t sort_capacity) const;

    // Queries that pass over the rows together, and what kernels read and write of them in pinned
    // memory, at the price of the bus alone: a copy would cost its launch, too.
    struct Tile {
        std::uint64_t first_query;
        std::uint32_t num_queries;
        std::byte* queries;       // [num_queries, dim] floats or bytes
        std::uint32_t* slots;     // [num_queries, k]
        float* distances;         // [num_queries, k]
        std::uint32_t* statuses;  // [num_queries]
        float* thresholds;        // [num_queries]
        std::uint32_t* ids;       // [num_queries] those that the plain kernels answer
        StagedQueries staged;
    };
    // Where those lie in a tile's pinned memory.
    struct StagedLayout {
        std::uint64_t queries;
        std::uint64_t slots;
        std::uint64_t distances;
        std::uint64_t statuses;
        std::uint64_t thresholds;
        std::uint64_t ids;
        std::uint64_t end;
    };
    [[nodiscard]] StagedLayout staged_layout(std::uint64_t num_queries) const;
    [[nodiscard]] Tile tile_at(std::byte* pinned, std::uint64_t first_query,
                               std::uint64_t num_queries) const;
    // Stages and launches tiles up to end_query, waits, and hands the answers out.
    skep_status run_wave(Lane& lane, std::uint64_t first_query, std::uint64_t end_query,
                         std::uint32_t* slots, float* distances);
    // Sees to the queries of a tile that have no answer yet.
    skep_status complete(Lane& lane, Tile& tile, std::byte* retry_pinned);
    // Looks at all rows once more for queries whose lists overflowed, with the thresholds that came
    // of it and longer lists.
    skep_status retry(Lane& lane, Tile& tile, std::byte* retry_pinned);
    [[nodiscard]] std::uint32_t retry_queries() const;
    [[nodiscard]] Layout retry_layout() const;

    [[nodiscard]] const kernels::Products& products_for(const Tile& tile) const;
    void launch_encoding(Lane& lane, const Tile& tile, const Layout& layout,
                         const float* thresholds);
    void launch_rounds(Lane& lane, const Tile& tile, const Layout& layout,
                       const std::vector<Round>& rounds);
    // Returns how many entries of every list it filled, or 0 where each has its own count.
    std::uint32_t launch_pass(Lane& lane, const Tile& tile, const Layout& layout,
                              const Round& round);
    std::uint32_t launch_sweep(Lane& lane, const Tile& tile, const Layout& layout,
                               const Round& round);
    std::uint32_t launch_tile(Lane& lane, const Tile& tile, const Layout& layout,
                              const Round& round);
    // Answers the first num_redone of tile.ids by double-precision distances of all rows.
    skep_status redo(Lane& lane, const Tile& tile, std::uint32_t num_redone);

    const FlatStore& store_;
    const skep_matrix& queries_;
    const skep_search_request& request_;
    const skep_call* call_;
    SearchInput input_;
    std::uint32_t k_;
    TileKernels tiles_;
    bool is_tiled_;  // passes are for the matrix units, also of a tile of few queries
    SearchPlan plan_;
    Layout layout_{};
    CUdeviceptr base_ = 0;
};

}  // namespace skep::cuda
