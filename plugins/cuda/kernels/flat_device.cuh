// SPDX-License-Identifier: MIT
// Device helpers of the flat index: element access, row filter, orderable keys, and the exact
// distance of skep/common/distance.hpp, bit for bit, by 16 lanes.
#pragma once

#include "cosine_quotient.cuh"
#include "flat_types.h"
#include "narrow_rows.cuh"
#include "simt.cuh"

namespace skep::cuda {

constexpr float kInfinity = __builtin_inff();
constexpr uint64_t kNoKey = ~0ULL;  // above every distance: no row

// Unsigned integers in the order of the floating-point numbers they stand for. No NaN.
SKEP_DEVICE uint32_t ordered_bits(float value) {
    const uint32_t bits = bits_of_float(value);
    return (bits & 0x80000000U) != 0 ? ~bits : bits | 0x80000000U;
}
SKEP_DEVICE float float_of_ordered(uint32_t key) {
    return float_of_bits((key >> 31) != 0 ? key & 0x7FFFFFFFU : ~key);
}
SKEP_DEVICE uint64_t ordered_bits(double value) {
    const uint64_t bits = __builtin_bit_cast(uint64_t, value);
    return (bits >> 63) != 0 ? ~bits : bits | 0x8000000000000000ULL;
}
SKEP_DEVICE double double_of_ordered(uint64_t key) {
    const uint64_t bits = (key >> 63) != 0 ? key & 0x7FFFFFFFFFFFFFFFULL : ~key;
    return __builtin_bit_cast(double, bits);
}

SKEP_DEVICE bool has_bit(const uint32_t* words, uint64_t num_bits, uint64_t position) {
    return position < num_bits && ((words[position >> 5] >> (position & 31U)) & 1U) != 0;
}

SKEP_DEVICE bool is_candidate(const RowFilter& filter, uint64_t slot) {
    if (slot >= filter.num_slots) return false;
    if (filter.erased != nullptr && has_bit(filter.erased, filter.num_erased_bits, slot)) {
        return false;
    }
    return filter.allowed == nullptr || has_bit(filter.allowed, filter.num_allowed_bits, slot);
}

SKEP_DEVICE uint64_t block_at(const BlockOrder& order, uint64_t position) {
    return (position * order.multiplier) % order.num_blocks;
}

// Folds the 16 partial sums of 16 neighbouring lanes; every lane gets the sum. Additions commute,
// so exchanging halves gives the bits of folding them.
SKEP_DEVICE double fold_partial_sums(double sum) {
    for (uint32_t width = kPartialSums / 2; width > 0; width /= 2) {
        sum = add_exactly_rounded(sum, shuffle_xor(sum, width));
    }
    return sum;
}

// Squared length of a row or a query, by 16 neighbouring lanes, in the defined order.
template <typename Row>
SKEP_DEVICE double squared_norm(Row row, uint32_t dim, uint32_t lane) {
    double sum = 0.0;
#pragma unroll 1
    for (uint32_t i = lane; i < dim; i += kPartialSums) {
        const double element = (double)row[i];
        sum = add_exactly_rounded(sum, multiply_exactly_rounded(element, element));
    }
    return fold_partial_sums(sum);
}

// Distance of a row and a query, by 16 neighbouring lanes; lane is 0..15. All lanes of the warp
// take part (two rows at a time). The order of operations is the definition: see distance.hpp.
// kUnroll: steps whose loads are on their way at once; 1 compiles fastest.
template <uint32_t kUnroll = 1, typename Row>
SKEP_DEVICE double exact_distance(int32_t metric, const float* query, double query_squared_norm,
                                  Row row, uint32_t dim, uint32_t lane) {
    if (metric == kL2) {
        double sum = 0.0;
#pragma unroll kUnroll
        for (uint32_t i = lane; i < dim; i += kPartialSums) {
            const double difference = add_exactly_rounded((double)query[i], -(double)row[i]);
            sum = add_exactly_rounded(sum, multiply_exactly_rounded(difference, difference));
        }
        return fold_partial_sums(sum);
    }
    double dot = 0.0;
    double row_squared_norm = 0.0;
#pragma unroll kUnroll
    for (uint32_t i = lane; i < dim; i += kPartialSums) {
        const double element = (double)row[i];
        dot = add_exactly_rounded(dot, multiply_exactly_rounded((double)query[i], element));
        row_squared_norm =
            add_exactly_rounded(row_squared_norm, multiply_exactly_rounded(element, element));
    }
    dot = fold_partial_sums(dot);
    if (metric == kInnerProduct) return add_exactly_rounded(0.0, -dot);
    row_squared_norm = fold_partial_sums(row_squared_norm);
    if (query_squared_norm == 0.0 || row_squared_norm == 0.0) return 1.0;
    const double product = multiply_exactly_rounded(query_squared_norm, row_squared_norm);
    const double distance = add_exactly_rounded(1.0, -cosine_quotient(dot, product));
    return distance < 0.0 ? 0.0 : (distance > 2.0 ? 2.0 : distance);
}

// Element: float, uint8_t or Narrow.
template <typename Element>
SKEP_DEVICE auto row_at(const RowsView& view, uint64_t slot) {
    return row_at_address(Element{}, (const uint8_t*)view.rows + slot * view.row_stride_bytes,
                          view.element_type);
}

}  // namespace skep::cuda
