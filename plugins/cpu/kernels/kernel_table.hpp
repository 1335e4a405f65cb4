// SPDX-License-Identifier: MIT
// The functions that every ISA provides. Plain structs only: this file is all that kernels include.
//
// A search is a filter and a refinement. Score kernels compute, in float or 32-bit integers, an
// upper bound U on the similarity S of a query and each row, and report the rows with U >= the
// query's threshold. Exact kernels then give the distance of a reported row as distance.hpp
// defines it, bit for bit. search/bounds.hpp derives the bounds; they hold for any order of
// summation, with or without fused multiply-add, so each ISA sums as suits it.
//
//     metric         S                U in float                     U in integers
//     l2             q.x - |x|^2/2    q.x + term                     q.x + term
//     inner product  q.x              q.x + multiplier * term        q.x + term
//     cosine         q.x / |x|        (q.x) * term                   float(q.x + term) * scale
//
// Of rows that are coded in bytes, c, and queries in signed bytes, d, U is for every metric
//     float(d.c + int_term * query_sum) * scale
//         + (residual_multiplier * residual + multiplier * term)
//
// Comparisons are "not less than", so that a NaN, which only unbounded rows produce, is reported.
// Rows and queries may be unaligned. No kernel reads past the last element of a row or the last
// row.
#pragma once

#include <cstddef>
#include <cstdint>

namespace skep::cpu {

// Rows scored by one call of a streaming kernel: the bits of its answer.
inline constexpr std::uint32_t kStreamRows = 64;
// Most rows of a panel, for any ISA: the bits of a survivor word.
inline constexpr std::uint32_t kMaxPanelRows = 64;
// Most queries of a tile, for any ISA.
inline constexpr std::uint32_t kMaxTileQueries = 16;

// Element types of rows. Arrays of this length are indexed by skep_dtype: f32, f16, bf16, i8, u8.
inline constexpr std::size_t kNumElementTypes = 5;

// Bits of the two that C++ has no name for.
struct F16 {
    std::uint16_t bits;
};
struct Bf16 {
    std::uint16_t bits;
};

// The definition of common/distance.hpp for rows of one element type: 16 partial sums, multiply
// then add, folded by halves. query: [dim] double, exact copies of the elements.
struct ExactKernels {
    double (*squared_l2)(const double* query, const void* row, std::size_t dim);
    double (*dot)(const double* query, const void* row, std::size_t dim);
    double (*squared_norm)(const void* row, std::size_t dim);
};

// What integer kernels make of a dot product.
enum class IntegerScore : std::uint32_t {
    kSum,     // plus the int term, compared in integers
    kScaled,  // plus the int term, times the float term
    kCoded,   // of codes: the bound above
};

// Up to kStreamRows rows as they lie in memory, against one query.
struct StreamBlock {
    const void* rows;
    std::size_t row_stride_bytes;
    std::size_t dim;
    std::uint32_t num_rows;
    std::uint32_t is_scaled;     // float kernels: multiply by the float term instead of adding it
    IntegerScore integer_score;  // integer kernels
    std::int32_t query_sum;      // kCoded
    const void* query;           // operands of the query: see the kernel group
    const float* float_terms;    // [num_rows]; unused by kSum
    const std::int32_t* int_terms;  // [num_rows]; integer kernels only
    const float* scales;            // [num_rows]; kCoded
    const float* residuals;         // [num_rows]; kCoded
    float multiplier;
    float residual_multiplier;  // kCoded
    float float_threshold;      // all but kSum
    std::int32_t int_threshold;
};

// Rows to transpose into a panel.
struct PanelRows {
    const void* rows;
    std::size_t row_stride_bytes;
    std::size_t dim;
    std::uint32_t num_rows;  // 1 to panel_rows; the panel's further rows repeat the last one
    std::uint32_t is_scaled;
    IntegerScore integer_score;
    const float* float_terms;       // [num_rows]
    const std::int32_t* int_terms;  // [num_rows]; integer kernels only
    const float* scales;            // [num_rows]; kCoded
    const float* residuals;         // [num_rows]; kCoded
};

// What the queries of a tile bring to an integer score, [tile_queries] each.
struct TileTerms {
    const void* thresholds;          // int32 for kSum, else float
    const std::int32_t* query_sums;  // kCoded, as are the further ones
    const float* multipliers;
    const float* residual_multipliers;
};

// What depends on the element type of rows that are scored in float.
struct FloatRowKernels {
    // block.query: [dim] float. Bit i is set when row i survives.
    std::uint64_t (*stream)(const StreamBlock& block);
    void (*pack)(const PanelRows& rows, float* panel);
    // The elements as floats, which hold them exactly. elements, floats: [count].
    void (*widen)(const void* elements, std::size_t count, float* floats);
};

// Scores in float, for rows of any element type.
//
// A panel is [depth][panel_rows] float: element i of every row lies together. Terms that are added
// are one more element of the row (depth = dim + 1), met by the multiplier as one more element of
// the query; scaled rows are multiplied by their term while packing (depth = dim).
// A tile is [depth][tile_queries] float.
struct FloatKernels {
    std::uint32_t panel_rows;
    std::uint32_t tile_queries;
    FloatRowKernels rows[kNumElementTypes];
    // survivors[q], bit i: row i of the panel reaches thresholds[q]. Returns their union.
    // num_queries: 1 to tile_queries. thresholds and survivors have tile_queries entries; what
    // comes out for queries past num_queries has no meaning.
    std::uint64_t (*score_panel)(const float* panel, const float* tile, std::size_t depth,
                                 std::uint32_t num_queries, const float* thresholds,
                                 std::uint64_t* survivors);
};

// Scores in 32-bit integers, for rows of bytes: exact ones of rows and queries of whole numbers, up
// to kMaxIntegerDim, and bounds of coded rows and queries, whose bytes are unsigned.
//
// A query's operands are [dim] integers of operand_bytes each, padded with zeros to a whole number
// of 64-byte blocks: value - query_shift of a query of whole numbers, whose row terms include
// query_shift * (sum of the row); the signed codes of a coded one. A panel is [depth][panel_rows]
// groups of 4 bytes (in the scalar kernels [panel_rows][depth]), each holding 4 / operand_bytes
// elements of one row, zeros past the end; then kPanelTerms arrays [panel_rows]: int_terms,
// float_terms, scales, residuals, as far as the score uses them. A tile is [depth][tile_queries]
// groups of 4 bytes. depth = ceil(dim * operand_bytes / 4).
inline constexpr std::size_t kPanelTerms = 4;
struct IntegerKernels {
    std::uint32_t panel_rows;
    std::uint32_t tile_queries;
    std::uint32_t operand_bytes;
    std::int32_t query_shift;
    std::uint64_t (*stream)(const StreamBlock& block);
    void (*pack)(const PanelRows& rows, void* panel);
    // As in float.
    std::uint64_t (*score_panel)(const void* panel, const void* tile, std::size_t depth,
                                 std::uint32_t num_queries, IntegerScore score,
                                 const TileTerms& terms, std::uint64_t* survivors);
    // sums[i] = the dot product of a query's operands and rows[i], which may lie anywhere: no
    // terms, no threshold. num_rows: at least 1.
    void (*gather)(const void* query, const void* const* rows, std::size_t dim,
                   std::uint32_t num_rows, std::int32_t* sums);
};

struct KernelTable {
    const char* isa;
    const ExactKernels* exact;  // [kNumElementTypes]
    const FloatKernels* floats;
    const IntegerKernels* integers;         // of unsigned bytes
    const IntegerKernels* signed_integers;  // of signed bytes: i8 rows and whole queries alone
    // Larger batches are scored in floats, where those have the wider registers.
    std::uint64_t max_integer_queries = UINT64_MAX;
};

// Codes need no such limit: |d.c - z (sum of d)| <= 127 * 255 * 65 536 < 2^31, z being in 0..255.
// Up to here |q.x + term| of u8 vectors stays below 2^31: q.x <= 65 025 dim and |x|^2/2 <=
// 32 513 dim; of i8 vectors it is a quarter. Partial sums may wrap, which is harmless in two's
// complement. Wider vectors are scored in float.
inline constexpr std::uint32_t kMaxIntegerDim = 32768;

}  // namespace skep::cpu
