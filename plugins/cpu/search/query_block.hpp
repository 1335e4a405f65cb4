// SPDX-License-Identifier: MIT
// Queries in the forms that kernels want: exact doubles, score operands, tiles, thresholds.
#pragma once

#include <skep/backend.h>

#include <cstddef>
#include <cstdint>

#include "host_memory.hpp"
#include "kernels/kernel_table.hpp"
#include "rows/row_store.hpp"
#include "search/bounds.hpp"

namespace skep::cpu {

enum class Arithmetic : std::uint8_t {
    kFloat,    // bounds in float, any element type
    kInteger,  // exact integers: rows and queries whose components all are integers of 0..255, or
               // of -128..127 in a store of i8
    kCoded,    // bounds from codes of rows of floats and of queries
};

// How the rows of a store are scored against one batch of queries, and the shapes that follow.
class ScoreShape {
  public:
    ScoreShape(const RowStore& store, const RowTable& table, Arithmetic arithmetic,
               bool uses_panels);

    [[nodiscard]] Arithmetic arithmetic() const { return arithmetic_; }
    [[nodiscard]] bool uses_panels() const { return uses_panels_; }
    [[nodiscard]] bool is_scaled() const { return is_scaled_; }
    // Whether codes have zero points, which a query's codes are multiplied with; those of integers
    // are 0, and the int terms are something else.
    [[nodiscard]] bool has_zero_points() const { return has_zero_points_; }
    // Of integer and coded arithmetic.
    [[nodiscard]] IntegerScore integer_score() const {
        return arithmetic_ == Arithmetic::kCoded ? IntegerScore::kCoded
               : is_scaled_                      ? IntegerScore::kScaled
                                                 : IntegerScore::kSum;
    }
    // Whether thresholds are int32.
    [[nodiscard]] bool has_int_thresholds() const {
        return arithmetic_ == Arithmetic::kInteger && !is_scaled_;
    }
    [[nodiscard]] std::uint32_t panel_rows() const { return panel_rows_; }
    [[nodiscard]] std::uint32_t tile_queries() const { return tile_queries_; }
    // Groups of 4 bytes of one row or query in panels and tiles.
    [[nodiscard]] std::size_t depth() const { return depth_; }
    // The same of one query's operands, padded.
    [[nodiscard]] std::size_t operand_groups() const { return operand_groups_; }
    [[nodiscard]] std::uint64_t panel_bytes() const;
    // Rounded up to whole tiles.
    [[nodiscard]] std::uint64_t padded_queries(std::uint64_t num_queries) const;

  private:
    Arithmetic arithmetic_;
    bool uses_panels_;
    bool is_scaled_;
    bool has_zero_points_;
    std::uint32_t panel_rows_;
    std::uint32_t tile_queries_;
    std::size_t depth_;
    std::size_t operand_groups_;
};

// What all queries of a batch can be scored in.
Arithmetic choose_arithmetic(const RowStore& store, const RowTable& table,
                             const skep_matrix& queries);

// Some consecutive queries of a batch, in scratch memory of the caller.
class QueryBlock {
  public:
    static std::uint64_t scratch_bytes(const ScoreShape& shape, std::uint32_t dim,
                                       std::uint64_t num_queries);

    // Prepares queries first_query to first_query + num_queries - 1; their bounds are infinite.
    QueryBlock(const RowStore& store, const ScoreShape& shape, const skep_matrix& queries,
               std::uint64_t first_query, std::uint64_t num_queries, std::byte* scratch);

    [[nodiscard]] std::uint64_t num_queries() const { return num_queries_; }
    [[nodiscard]] const ScoreShape& shape() const { return shape_; }

    // Rows of a query at distances up to this one shall survive from now on.
    void set_bound(std::uint64_t query, double distance);

    // The distance of distance.hpp. row: the elements, of a type that holds them exactly.
    [[nodiscard]] double exact_distance(std::uint64_t query, const std::byte* row,
                                        skep_dtype dtype) const;

    // What graph traversals take from the query: its operands and, of coded arithmetic, the sum and
    // scale of its codes.
    [[nodiscard]] const void* operands(std::uint64_t query) const {
        return operands_ + query * shape_.operand_groups();
    }
    [[nodiscard]] double squared_norm(std::uint64_t query) const { return squared_norms_[query]; }
    [[nodiscard]] std::int32_t code_sum(std::uint64_t query) const { return sums_[query]; }
    [[nodiscard]] double code_scale(std::uint64_t query) const {
        return coded_bounds_[query].scale();
    }

    // Fills in what a streaming kernel takes from the query.
    void describe_query(std::uint64_t query, StreamBlock& block) const;

    [[nodiscard]] std::uint64_t num_tiles() const {
        return shape_.padded_queries(num_queries_) / shape_.tile_queries();
    }
    [[nodiscard]] const std::uint32_t* tile(std::uint64_t position) const {
        return tiles_ + position * shape_.depth() * shape_.tile_queries();
    }
    // What the queries of a tile bring to float and integer scores.
    [[nodiscard]] const float* float_thresholds(std::uint64_t tile_position) const {
        return float_thresholds_ + tile_position * shape_.tile_queries();
    }
    [[nodiscard]] TileTerms tile_terms(std::uint64_t tile_position) const {
        const std::uint64_t first = tile_position * shape_.tile_queries();
        if (int_thresholds_ != nullptr) return {int_thresholds_ + first, nullptr, nullptr, nullptr};
        return {float_thresholds_ + first, sums_ + first, multipliers_ + first,
                residual_multipliers_ + first};
    }

  private:
    struct Layout;

    void prepare(std::uint64_t query, const std::byte* source, skep_dtype dtype);
    void write_float_operands(std::uint64_t query, std::byte* bytes) const;
    void write_integer_operands(std::uint64_t query, std::byte* bytes) const;
    void write_coded_operands(std::uint64_t query, std::byte* bytes);
    void interleave_tiles();

    const RowStore& store_;
    const ScoreShape& shape_;
    std::uint64_t num_queries_;
    double* exact_;                 // [num_queries, dim]
    double* squared_norms_;         // [num_queries]
    QueryBounds* bounds_;           // [num_queries]
    std::uint32_t* operands_;       // [num_queries, operand_groups]
    std::uint32_t* tiles_;          // [num_tiles, depth, tile_queries]
    float* float_thresholds_;       // [padded] or null
    std::int32_t* int_thresholds_;  // [padded] or null
    // Of coded arithmetic.
    CodedQueryBounds* coded_bounds_;  // [num_queries]
    std::int32_t* sums_;              // [padded]
    float* multipliers_;              // [padded]
    float* residual_multipliers_;     // [padded]
};

}  // namespace skep::cpu
