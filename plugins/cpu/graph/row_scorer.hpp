// SPDX-License-Identifier: MIT
// Distances of one query to rows anywhere in a store: approximate ones, from codes of a byte per
// element, and exact ones.
//
// With U of kernel_table.hpp, whose terms for residuals are left out, the similarity S is about
// scale * U and so
//     l2             D = |q|^2 - 2 S
//     inner product  D = -S
//     cosine         D = 1 - S / |q|
// each base + factor * (what the kernel and the row's terms give). Whole numbers of 0 to 255 lose
// nothing but, for l2, the halved odd norm: D or D - 1. Queries that cannot be coded, and rows
// whose codes say nothing, are measured by the definition.
#pragma once

#include <skep/backend.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>

#include "graph/host_array.hpp"
#include "rows/row_store.hpp"
#include "search/query_block.hpp"

namespace skep::cpu {

// One thread's. Holds on to the codes that it scores between open and close.
class RowScorer {
  public:
    explicit RowScorer(const RowStore& store) : store_(store) {}

    // Rows below num_slots from now on, as coded at this moment; `uses_codes` false: by their exact
    // distances. Throws Error.
    void open(std::uint64_t num_slots, bool uses_codes);
    void close();

    // The query is row `row` of a matrix, or a row of the store. Throws Error when out of memory.
    void set_query(const skep_matrix& queries, std::uint64_t row);
    // Only distances() may be asked of it. Throws nothing once reserve_row() has succeeded.
    void set_row(std::uint32_t slot);
    // Takes the memory that any row as a query may need. Throws Error.
    void reserve_row();

    // Slots below num_slots.
    void prefetch(std::uint32_t slot) const {
        const View& view = view_of(slot);
        const std::uint64_t position = slot - view.first_slot;
        if (arithmetic_ == Arithmetic::kFloat) {
            prefetch_lines(view.rows + position * view.row_stride, view.row_stride);
            return;
        }
        prefetch_lines(view.codes + position * view.code_stride, store_.dim());
        __builtin_prefetch(view.int_terms + position);
        if (arithmetic_ != Arithmetic::kCoded) return;
        __builtin_prefetch(view.float_terms + position);
        __builtin_prefetch(view.scales + position);
    }
    void distances(const std::uint32_t* slots, std::uint32_t count, float* distances) const;
    [[nodiscard]] double exact_distance(std::uint32_t slot) const;

    // Whether distances() of the query are exact but for rounding and halved norms.
    [[nodiscard]] bool is_exact_but_for_rounding() const {
        return arithmetic_ != Arithmetic::kCoded;
    }

  private:
    // Rows of one chunk with what belongs to them.
    struct View {
        std::uint64_t first_slot;
        const std::byte* rows;
        std::uint64_t row_stride;
        skep_dtype dtype;  // of the rows
        const std::byte* codes;
        std::uint64_t code_stride;
        const std::int32_t* int_terms;
        const float* float_terms;
        const float* scales;  // stores of floats only
    };
    // Rows that a kernel is given at once.
    static constexpr std::uint32_t kBlockRows = 32;

    [[nodiscard]] const View& view_of(std::uint32_t slot) const {
        std::size_t position = num_views_ - 1;
        while (slot < views_[position].first_slot)
            --position;
        return views_[position];
    }
    // What follows the first ones is found by the processor.
    static void prefetch_lines(const std::byte* first, std::uint64_t bytes) {
        constexpr std::uint64_t kAskedBytes = 512;
        const std::byte* const end = first + std::min(bytes, kAskedBytes);
        first -= reinterpret_cast<std::uintptr_t>(first) % kVectorAlignment;
        for (; first < end; first += kVectorAlignment)
            __builtin_prefetch(first);
    }
    void set_formula(double squared_norm, double scale, std::int32_t sum);
    void score_block(const std::uint32_t* slots, std::uint32_t count, float* distances) const;

    const RowStore& store_;
    std::shared_ptr<const RowTable> table_;
    std::array<View, kMaxChunks> views_;
    std::size_t num_views_ = 0;

    bool uses_codes_ = true;
    Arithmetic arithmetic_ = Arithmetic::kFloat;
    std::optional<ScoreShape> shape_;
    std::optional<QueryBlock> block_;  // absent: the query is a row of whole numbers
    HostArray<std::byte> block_memory_;
    HostArray<std::byte> row_operands_;
    const void* operands_ = nullptr;
    std::int32_t code_sum_ = 0;
    float multiplier_ = 0.0F;  // of the float term of coded rows
    float base_ = 0.0F;
    float factor_ = 1.0F;
};

}  // namespace skep::cpu
