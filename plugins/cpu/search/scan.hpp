// SPDX-License-Identifier: MIT
// One pass over a range of rows for a block of queries: filter by score, refine what survives.
// Where codes let too much survive, the rest of the range is scored in floats: right either way,
// and no slower than floats alone.
//
// A Sink takes the refined rows:
//     double bound(query)                           rows farther than this are of no interest
//     bool offer(query, Candidate)                  true when the bound has become smaller
// Queries are numbered within the block.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

#include "rows/row_store.hpp"
#include "search/query_block.hpp"
#include "search/search_plan.hpp"
#include "search/top_k.hpp"
#include "skep/common/element_type.hpp"
#include "work_meter.hpp"

namespace skep::cpu {

enum class ScanEnd : std::uint8_t {
    kDone,
    kStopped,  // by the host
    kLoose,    // codes rule out too little: floats shall go on at next_slot()
};

template <typename Sink>
class Scan {
  public:
    // panel: panel_bytes() of scratch.
    Scan(const RowStore& store, const RowTable& table, const Visibility& visible,
         QueryBlock& queries, std::byte* panel, TaskMeter& meter, Sink& sink)
        : store_(store),
          table_(table),
          visible_(visible),
          queries_(queries),
          panel_(panel),
          meter_(meter),
          sink_(sink) {
        for (std::uint64_t query = 0; query < queries.num_queries(); ++query)
            queries.set_bound(query, sink.bound(query));
    }

    // Slots first_slot to last_slot - 1.
    ScanEnd run(std::uint64_t first_slot, std::uint64_t last_slot) {
        if (first_slot >= last_slot) return ScanEnd::kDone;
        const std::uint32_t step =
            queries_.shape().uses_panels() ? queries_.shape().panel_rows() : kStreamRows;
        std::size_t position = table_.chunk_of(first_slot);
        for (std::uint64_t slot = first_slot; slot < last_slot;) {
            const RowChunk& chunk = table_.rows[position];
            const std::uint64_t chunk_end = chunk.end_slot();
            if (slot == chunk_end) {
                ++position;
                continue;
            }
            const auto count = static_cast<std::uint32_t>(
                std::min({std::uint64_t{step}, last_slot - slot, chunk_end - slot}));
            const std::uint64_t visible = visible_.window(slot, count);
            const Rows rows = {chunk, table_.codes[position], slot, count};
            const bool goes_on = visible == 0
                                     ? meter_.advance(count * queries_.num_queries(), count)
                                 : queries_.shape().uses_panels() ? score_panel(rows, visible)
                                                                  : score_stream(rows, visible);
            if (!goes_on) return ScanEnd::kStopped;
            slot += count;
            num_scored_ += count;
            next_slot_ = slot;
            if (is_loose()) return ScanEnd::kLoose;
        }
        return ScanEnd::kDone;
    }

    [[nodiscard]] std::uint64_t next_slot() const { return next_slot_; }

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
        auto* const kernel = queries_.shape().arithmetic() == Arithmetic::kFloat
                                 ? store_.float_row_kernels(rows.chunk.dtype).stream
                                 : store_.integer_kernels().stream;
        for (std::uint64_t query = 0; query < queries_.num_queries(); ++query) {
            queries_.describe_query(query, block);
            collect(query, rows, kernel(block) & visible);
            if (!meter_.advance(rows.count, rows.count * store_.dim())) return false;
        }
        return refine_collected(rows);
    }

    bool score_panel(const Rows& rows, std::uint64_t visible) {
        pack_panel(rows);
        const ScoreShape& shape = queries_.shape();
        const std::uint64_t num_tiles = queries_.num_tiles();
        std::uint64_t survivors[kMaxTileQueries];
        for (std::uint64_t tile = 0; tile < num_tiles; ++tile) {
            const std::uint64_t first_query = tile * shape.tile_queries();
            const auto num_queries = static_cast<std::uint32_t>(std::min<std::uint64_t>(
                shape.tile_queries(), queries_.num_queries() - first_query));
            const std::uint64_t any =
                shape.arithmetic() == Arithmetic::kFloat
                    ? store_.backend().kernels().floats->score_panel(
                          reinterpret_cast<const float*>(panel_),
                          reinterpret_cast<const float*>(queries_.tile(tile)), shape.depth(),
                          num_queries, queries_.float_thresholds(tile), survivors)
                    : store_.integer_kernels().score_panel(
                          panel_, queries_.tile(tile), shape.depth(), num_queries,
                          shape.integer_score(), queries_.tile_terms(tile), survivors);
            if ((any & visible) != 0) {
                for (std::uint32_t query = 0; query < num_queries; ++query)
                    collect(first_query + query, rows, survivors[query] & visible);
            }
            const std::uint64_t scored = std::uint64_t{rows.count} * num_queries;
            if (!meter_.advance(scored, scored * store_.dim())) return false;
        }
        return refine_collected(rows);
    }

    void pack_panel(const Rows& rows) {
        PanelRows source{};
        describe_rows(rows, source);
        if (queries_.shape().arithmetic() != Arithmetic::kFloat) {
            store_.integer_kernels().pack(source, panel_);
        } else {
            store_.float_row_kernels(rows.chunk.dtype)
                .pack(source, reinterpret_cast<float*>(panel_));
        }
    }

    // Puts surviving rows of a query aside and asks for them, so that they arrive while others are
    // scored. A query meets the same rows once, so that its bound loses nothing by the wait.
    void collect(std::uint64_t query, const Rows& rows, std::uint64_t survivors) {
        if (survivors == 0) return;
        if (num_collected_ == kMaxCollected) refine_collected(rows);
        collected_[num_collected_] = {query, survivors};
        ++num_collected_;
        const std::size_t row_bytes =
            store_.dim() * (refines_codes() ? 1 : element_bytes(rows.chunk.dtype));
        const std::size_t asked_bytes = std::min(row_bytes, kAskedBytes);
        for (; survivors != 0; survivors &= survivors - 1) {
            const std::byte* row = exact_row(rows, survivors);
            for (std::size_t i = 0; i < asked_bytes; i += kVectorAlignment)
                __builtin_prefetch(row + i);
        }
    }

    // Whether more rows survived for nothing than the time saved by codes pays for. A distance
    // takes as long as some 50 scores of floats in panels and 5 in streams (dim 128, AVX-512), and
    // codes save most of those.
    [[nodiscard]] bool is_loose() const {
        constexpr std::uint64_t kFreePerQuery = 64;
        if (queries_.shape().arithmetic() != Arithmetic::kCoded) return false;
        const std::uint64_t rows_per_distance = queries_.shape().uses_panels() ? 32 : 4;
        return num_wasted_ >
               queries_.num_queries() * (kFreePerQuery + num_scored_ / rows_per_distance);
    }

    // Computes the distances of the rows put aside. False when the call was stopped.
    bool refine_collected(const Rows& rows) {
        std::uint64_t num_refined = 0;
        for (std::size_t i = 0; i < num_collected_; ++i) {
            const std::uint64_t query = collected_[i].query;
            const skep_dtype dtype = refines_codes() ? store_.code_dtype() : rows.chunk.dtype;
            bool has_moved = false;
            for (std::uint64_t left = collected_[i].survivors; left != 0; left &= left - 1) {
                const double distance =
                    queries_.exact_distance(query, exact_row(rows, left), dtype);
                if (distance > sink_.bound(query)) ++num_wasted_;
                const std::uint64_t slot = rows.first_slot + lowest_bit(left);
                has_moved |= sink_.offer(query, {distance, static_cast<std::uint32_t>(slot)});
                ++num_refined;
            }
            if (has_moved) queries_.set_bound(query, sink_.bound(query));
        }
        num_collected_ = 0;
        return meter_.advance(0, num_refined * store_.dim());
    }

    // What exact distances are computed from. Codes that are the elements take a quarter or half of
    // the memory of floats.
    [[nodiscard]] bool refines_codes() const {
        return queries_.shape().arithmetic() == Arithmetic::kInteger;
    }
    // Of the first of the survivors.
    [[nodiscard]] const std::byte* exact_row(const Rows& rows, std::uint64_t survivors) const {
        const std::uint64_t i = lowest_bit(survivors);
        return refines_codes() ? rows.code(i) : rows.row(i);
    }
    [[nodiscard]] static std::uint64_t lowest_bit(std::uint64_t bits) {
        return static_cast<std::uint64_t>(std::countr_zero(bits));
    }

    // Rows of one query that wait for their distances.
    struct Collected {
        std::uint64_t query;
        std::uint64_t survivors;
    };
    static constexpr std::size_t kMaxCollected = 64;
    // Of each such row; what follows is found by the processor.
    static constexpr std::size_t kAskedBytes = 512;

    const RowStore& store_;
    const RowTable& table_;
    const Visibility& visible_;
    QueryBlock& queries_;
    std::byte* panel_;
    TaskMeter& meter_;
    Sink& sink_;
    std::array<Collected, kMaxCollected> collected_;
    std::size_t num_collected_ = 0;
    std::uint64_t num_scored_ = 0;  // rows
    std::uint64_t num_wasted_ = 0;  // distances past the bound, of all queries
    std::uint64_t next_slot_ = 0;
};

// What one task scans, and with what.
struct ScanTask {
    const RowStore& store;
    const RowTable& table;
    const Visibility& visible;
    const SearchPlan& plan;
    const skep_matrix& queries;
    const TaskSpan& span;
    std::byte* block;  // block_bytes of scratch
    std::byte* panel;  // panel_bytes
    TaskMeter& meter;

    // False when the call was stopped.
    template <typename Sink>
    bool run(Sink& sink) const {
        std::uint64_t next_slot = span.first_slot;
        const ScanEnd end = run_with(plan.shape, sink, next_slot);
        if (end != ScanEnd::kLoose) return end == ScanEnd::kDone;
        return run_with(plan.float_shape, sink, next_slot) == ScanEnd::kDone;
    }

  private:
    template <typename Sink>
    ScanEnd run_with(const ScoreShape& shape, Sink& sink, std::uint64_t& next_slot) const {
        QueryBlock query_block(store, shape, queries, span.first_query, span.num_queries, block);
        Scan scan(store, table, visible, query_block, panel, meter, sink);
        const ScanEnd end = scan.run(next_slot, span.last_slot);
        next_slot = scan.next_slot();
        return end;
    }
};

}  // namespace skep::cpu
