// SPDX-License-Identifier: MIT
// The end of every filter kernel: the integer product of two codes against its query's threshold,
// survivors to the list. Four kinds of products, by what query and row codes are.
//
//     kBytes    whole numbers on both sides: a score is an integer, and exact
//     kU8U8     scaled and unsigned on both sides, or bytes that have a scale
//     kS8U8     a signed query against rows without negative elements
//     kS8S8     scaled and signed on both sides
#pragma once

#include "flat_device.cuh"

namespace skep::cuda {

enum class Codes : uint8_t { kBytes, kU8U8, kS8U8, kS8S8 };

template <Codes kCodes>
inline constexpr bool kIsInteger = kCodes == Codes::kBytes;
template <Codes kCodes>
inline constexpr bool kHasSignedQueries = kCodes == Codes::kS8U8 || kCodes == Codes::kS8S8;
template <Codes kCodes>
inline constexpr bool kHasSignedRows = kCodes == Codes::kS8S8;

constexpr int32_t kNeverReached = 0x7FFFFFFF;

// What a row brings to a score. Integer products use half_norm alone.
struct RowTerms {
    float half_norm;
    RowBounds bounds;
};

SKEP_DEVICE float code_norm(const RowBounds& bounds) {
    return float_of_bits(bounds.errors & 0xFFFF0000U);
}
SKEP_DEVICE float code_residual(const RowBounds& bounds) {
    return float_of_bits(bounds.errors << 16);
}

// How much a score may be too low, given |x'| and |x - x'| or bounds on them.
SKEP_DEVICE float score_error(const QueryState& query, float norm, float residual) {
    return fused_multiply_add(residual, query.norm, norm * query.error);
}

// What an integer score begins with: a row's half norm, rounded so that no score is too low.
SKEP_DEVICE int32_t integer_start(float half_norm) {
    return -(int32_t)half_norm;
}

// The smallest integer score that reaches a threshold.
SKEP_DEVICE int32_t integer_threshold(float threshold) {
    if (threshold <= -0x1p30F) return -0x40000000;
    if (threshold >= 0x1p30F) return kNeverReached;
    const int32_t whole = (int32_t)threshold;
    return (float)whole < threshold ? whole + 1 : whole;
}

// Sums of up to 128 products can begin at bits whose float is 1.5 * 2^23, or 2^23 where no product
// is negative: then their own bits are those of that float plus the sum, and need no conversion.
template <Codes kCodes>
inline constexpr int32_t kSumBegin = kHasSignedQueries<kCodes> ? 0x4B400000 : 0x4B000000;
template <Codes kCodes>
inline constexpr float kSumOffset = kHasSignedQueries<kCodes> ? 12582912.0F : 8388608.0F;

// A sum of products times the row's scale. kHasOffset: the sum began at kSumBegin. Scales are such
// that kSumOffset times a scale is exact: the result is rounded once.
template <Codes kCodes, bool kHasOffset>
SKEP_DEVICE float scaled_sum(int32_t sum, float row_scale) {
    if constexpr (kHasOffset) {
        return fused_multiply_add(float_of_bits((uint32_t)sum), row_scale,
                                  -kSumOffset<kCodes> * row_scale);
    }
    return (float)sum * row_scale;
}

// The score before what it may be too low by.
SKEP_DEVICE float central_score(float scaled, float query_scale, float half_norm) {
    return fused_multiply_add(scaled, query_scale, -half_norm);
}

// The score with what it may be too low by. Rows without a score have an infinite one.
SKEP_DEVICE float upper_score(float scaled, const QueryState& query, const RowTerms& row) {
    if (row.half_norm == -kInfinity) return kInfinity;
    return central_score(scaled, query.scale, row.half_norm) +
           score_error(query, code_norm(row.bounds), code_residual(row.bounds));
}

// A score whose lowest bits tell a row's place in its block: the best of several are kept with one
// comparison each. What the score loses does not matter to a sample.
constexpr uint32_t kLineBits = kRowsPerBlock - 1;
SKEP_DEVICE float mark_line(float score, uint32_t line) {
    return float_of_bits((bits_of_float(score) & ~kLineBits) | line);
}
// The best of a block of rows as a candidate. -infinity: there is none.
SKEP_DEVICE Candidate candidate_of_marked(float marked, uint64_t first_row) {
    const uint32_t row = (uint32_t)first_row + (bits_of_float(marked) & kLineBits);
    return Candidate{marked, marked == -kInfinity ? kNoSlot : row};
}

// Appends to the list of a query, or counts on when it is full. Order does not matter: the
// selection sorts.
SKEP_DEVICE void append_candidate(QueryState* state, Candidate* list, uint32_t capacity,
                                  Candidate candidate) {
    const uint32_t position = atomic_add(&state->count, 1);
    if (position < capacity) list[position] = candidate;
}

}  // namespace skep::cuda
