// SPDX-License-Identifier: MIT
// One pass over a range of rows for a block of queries: filter by score, refine what survives.
//
// A Sink takes the refined rows:
//     double bound(query)                           rows farther than this are of no interest
//     bool offer(query, Candidate)                  true when the bound has become smaller
// Queries are numbered within the block.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "rows/row_store.hpp"
#include "search/query_block.hpp"
#include "search/top_k.hpp"
#include "work_meter.hpp"

namespace skep::cpu {

template <typename Sink>
class Scan {
  public:
    // panel: panel_bytes() of scratch.
    Scan(const RowStore& store, const RowCodes& codes, const Visibility& visible,
         QueryBlock& queries, std::byte* panel, TaskMeter& meter, Sink& sink)
        : store_(store),
          codes_(codes),
          kernels_(store.backend().kernels()),
          visible_(visible),
          queries_(queries),
          panel_(panel),
          meter_(meter),
          sink_(sink) {
        for (std::uint64_t query = 0; query < queries.num_queries(); ++query)
            queries.set_bound(query, sink.bound(query));
    }

    // Slots first_slot to last_slot - 1. False when the call was stopped.
    bool run(std::uint64_t first_slot, std::uint64_t last_slot) {
        if (first_slot >= last_slot) return true;
        const std::uint32_t step =
            queries_.shape().uses_panels() ? queries_.shape().panel_rows() : kStreamRows;
        std::size_t position = store_.chunk_of(first_slot);
        for (std::uint64_t slot = first_slot; slot < last_slot;) {
            const RowChunk& chunk = store_.chunk(position);
            const std::uint64_t chunk_end = chunk.first_slot + chunk.capacity_slots;
            if (slot == chunk_end) {
                ++position;
                continue;
            }
            const auto count = static_cast<std::uint32_t>(
                std::min({std::uint64_t{step}, last_slot - slot, chunk_end - slot}));
            const std::uint64_t visible = visible_.window(slot, count);
            const Rows rows = {chunk, codes_.chunks[position], slot, count};
            const bool goes_on = visible == 0
                                     ? meter_.advance(count * queries_.num_queries(), count)
                                 : queries_.shape().uses_panels() ? score_panel(rows, visible)
                                                                  : score_stream(rows, visible);
            if (!goes_on) return false;
            slot += count;
        }
        return true;
    }

  private:
    // Consecutive rows of one chunk.
    struct Rows {
        const RowChunk& chunk;
        const CodeChunk& codes;
        std::uint64_t first_slot;
        std::uint32_t count;

        [[nodiscard]] std::uint64_t position() const { return first_slot - chunk.first_slot; }
        [[nodiscard]] const std::byte* row(std::uint64_t i) const {
            return chunk.row(first_slot + i);
        }
        [[nodiscard]] const std::byte* code(std::uint64_t i) const {
            return codes.codes + (position() + i) * codes.row_stride_bytes;
        }
    };

    // Fills in what streams and panels take from rows alike.
    template <typename Target>
    void describe_rows(const Rows& rows, Target& target) const {
        const ScoreShape& shape = queries_.shape();
        const std::uint64_t position = rows.position();
        target.rows = rows.row(0);
        target.row_stride_bytes = rows.chunk.row_stride_bytes;
        target.dim = store_.dim();
        target.num_rows = rows.count;
        target.is_scaled = shape.is_scaled() ? 1 : 0;
        target.float_terms = rows.chunk.float_terms + position;
        if (shape.arithmetic() == Arithmetic::kFloat) return;
        target.rows = rows.code(0);
        target.row_stride_bytes = rows.codes.row_stride_bytes;
        target.integer_score = shape.integer_score();
        target.int_terms = rows.codes.int_terms + position;
        if (shape.arithmetic() != Arithmetic::kCoded) return;
        target.scales = rows.codes.scales + position;
        target.residuals = rows.codes.residuals + position;
    }

    bool score_stream(const Rows& rows, std::uint64_t visible) {
        StreamBlock block{};
        describe_rows(rows, block);
        auto* const kernel = queries_.shape().arithmetic() != Arithmetic::kFloat
                                 ? kernels_.integers->stream
                             : store_.dtype() == SKEP_DTYPE_U8 ? kernels_.floats->stream_u8
                                                               : kernels_.floats->stream_f32;
        for (std::uint64_t query = 0; query < queries_.num_queries(); ++query) {
            queries_.describe_query(query, block);
            const std::uint64_t survivors = kernel(block) & visible;
            const std::uint64_t refined = refine(query, rows, survivors);
            if (!meter_.advance(rows.count, (rows.count + refined) * store_.dim())) return false;
        }
        return true;
    }

    bool score_panel(const Rows& rows, std::uint64_t visible) {
        pack_panel(rows);
        const ScoreShape& shape = queries_.shape();
        std::uint64_t survivors[kMaxTileQueries];
        for (std::uint64_t tile = 0; tile < queries_.num_tiles(); ++tile) {
            const std::uint64_t first_query = tile * shape.tile_queries();
            const auto num_queries = static_cast<std::uint32_t>(std::min<std::uint64_t>(
                shape.tile_queries(), queries_.num_queries() - first_query));
            const std::uint64_t any =
                shape.arithmetic() == Arithmetic::kFloat
                    ? kernels_.floats->score_panel(
                          reinterpret_cast<const float*>(panel_),
                          reinterpret_cast<const float*>(queries_.tile(tile)), shape.depth(),
                          num_queries, queries_.float_thresholds(tile), survivors)
                    : kernels_.integers->score_panel(panel_, queries_.tile(tile), shape.depth(),
                                                     num_queries, shape.integer_score(),
                                                     queries_.tile_terms(tile), survivors);
            std::uint64_t refined = 0;
            if ((any & visible) != 0) {
                for (std::uint32_t query = 0; query < num_queries; ++query)
                    refined += refine(first_query + query, rows, survivors[query] & visible);
            }
            const std::uint64_t scored = std::uint64_t{rows.count} * num_queries;
            if (!meter_.advance(scored, (scored + refined) * store_.dim())) return false;
        }
        return true;
    }

    void pack_panel(const Rows& rows) {
        PanelRows source{};
        describe_rows(rows, source);
        if (queries_.shape().arithmetic() != Arithmetic::kFloat) {
            kernels_.integers->pack(source, panel_);
        } else if (store_.dtype() == SKEP_DTYPE_U8) {
            kernels_.floats->pack_u8(source, reinterpret_cast<float*>(panel_));
        } else {
            kernels_.floats->pack_f32(source, reinterpret_cast<float*>(panel_));
        }
    }

    // Computes the distances of the surviving rows; how many they were.
    std::uint64_t refine(std::uint64_t query, const Rows& rows, std::uint64_t survivors) {
        const auto refined = static_cast<std::uint64_t>(std::popcount(survivors));
        // Codes that are the elements take a quarter of the memory.
        const bool are_rows = queries_.shape().arithmetic() == Arithmetic::kInteger;
        bool has_moved = false;
        for (; survivors != 0; survivors &= survivors - 1) {
            const auto i = static_cast<std::uint64_t>(std::countr_zero(survivors));
            const double distance =
                queries_.exact_distance(query, are_rows ? rows.code(i) : rows.row(i));
            has_moved |=
                sink_.offer(query, {distance, static_cast<std::uint32_t>(rows.first_slot + i)});
        }
        if (has_moved) queries_.set_bound(query, sink_.bound(query));
        return refined;
    }

    const RowStore& store_;
    const RowCodes& codes_;
    const KernelTable& kernels_;
    const Visibility& visible_;
    QueryBlock& queries_;
    std::byte* panel_;
    TaskMeter& meter_;
    Sink& sink_;
};

}  // namespace skep::cpu
