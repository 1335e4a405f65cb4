// SPDX-License-Identifier: MIT
// One exact search over a store: prepares memory, runs the rounds of the plan for each tile of
// queries, redoes by the plain kernels what the filter could not certify, and hands the answers
// out.
#pragma once

#include <skep/backend.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "index/flat_store.hpp"
#include "index/search_input.hpp"
#include "index/search_plan.hpp"

namespace skep::cuda {

class FlatSearch {
  public:
    // k is at most kMaxDeviceK, num_slots and the number of queries are not 0.
    FlatSearch(const FlatStore& store, const skep_matrix& queries,
               const skep_search_request& request, const Mask* mask, const skep_call* call);

    // Fills slots and distances, [num_queries, k] each. The context is current. Returns what
    // stopped it, or SKEP_OK; throws.
    skep_status run(std::uint32_t* slots, float* distances);

  private:
    // What looks at the rows.
    enum class Pass : std::uint8_t {
        kSweep,       // as f32, one query or eight at once
        kTile,        // on the matrix units, as bf16; the first round sweeps
        kSweepBytes,  // bytes as integers, one query at a time
        kTileBytes,   // bytes as integers, on the matrix units, all rounds
    };
    [[nodiscard]] Pass choose_pass() const;
    [[nodiscard]] bool multiplies_bytes() const {
        return pass_ == Pass::kSweepBytes || pass_ == Pass::kTileBytes;
    }

    // Where things lie in a tile's scratch memory.
    struct Layout {
        std::uint64_t queries;
        std::uint64_t operand;
        std::uint64_t operand_bf16;
        std::uint64_t operand_bytes;
        std::uint64_t lists;
        std::uint64_t allowed;
        std::uint64_t states;
        std::uint64_t end;
    };
    [[nodiscard]] Layout layout_of(std::uint64_t num_queries) const;

    // What kernels read and write in pinned memory, at the price of the bus alone: a copy would
    // cost its launch, too.
    struct Staged {
        std::byte* queries;       // [num_queries, dim] of their own type
        std::uint32_t* slots;     // [num_queries, k]
        float* distances;         // [num_queries, k]
        std::uint32_t* statuses;  // [num_queries]
        std::uint32_t* redone;    // [num_queries] which of them the plain kernels answer
    };
    Staged stage(Lane& lane, std::uint64_t num_queries) const;

    skep_status run_tile(Lane& lane, std::uint64_t first_query, std::uint64_t num_queries,
                         std::uint32_t* slots, float* distances);
    void launch_encoding(Lane& lane, std::uint32_t num_queries, const Staged& staged);
    void launch_rounds(Lane& lane, std::uint32_t num_queries, const Staged& staged);
    void launch_sweep(Lane& lane, std::uint32_t num_queries, std::uint64_t first_block,
                      std::uint64_t end_block, bool keeps_all);
    void launch_tile(Lane& lane, std::uint32_t num_queries, std::uint64_t first_block,
                     std::uint64_t end_block);
    void launch_tile_bytes(Lane& lane, std::uint32_t num_queries, std::uint64_t first_block,
                           std::uint64_t end_block, bool keeps_all);
    // Answers the first num_redone of staged.redone by double-precision distances of all rows.
    skep_status redo(Lane& lane, std::uint32_t num_redone, const Staged& staged);

    const FlatStore& store_;
    const skep_matrix& queries_;
    const skep_search_request& request_;
    const skep_call* call_;
    SearchInput input_;
    std::uint32_t k_;
    SearchPlan plan_;
    std::uint32_t operand_stride_;
    Pass pass_;
    Layout layout_{};
    CUdeviceptr base_ = 0;
};

}  // namespace skep::cuda
