// SPDX-License-Identifier: MIT
// The end of the filter kernels that multiply bytes as integers: a score is a whole number, for l2
// the dot product less half the row's squared length.
#pragma once

#include "filter.cuh"

namespace skep::cuda {

constexpr int32_t kNeverReached = 0x7FFFFFFF;

// What a sum begins with: a row's half norm, rounded so that no score is too low.
SKEP_DEVICE int32_t integer_start(const RowBounds& bounds) {
    return -(int32_t)bounds.half_norm;
}

// The smallest integer score that reaches a threshold.
SKEP_DEVICE int32_t integer_threshold(float threshold) {
    if (threshold <= -0x1p30F) return -0x40000000;
    if (threshold >= 0x1p30F) return kNeverReached;
    const int32_t whole = (int32_t)threshold;
    return (float)whole < threshold ? whole + 1 : whole;
}

// Whether a sum reaches its query's threshold. Under cosine the sum is the dot product.
template <bool kIsScaled>
SKEP_DEVICE bool reaches(int32_t sum, int32_t threshold, const QueryFilter& filter,
                         const RowBounds& bounds) {
    if constexpr (!kIsScaled) return sum >= threshold;
    return survives(filter, RowBounds{bounds.norm, 0.0F}, (float)sum);
}

// Under cosine the filter is meant for a query of length one; these bytes have their true length.
// The slope is multiplied by it and rounded up, where it takes part in every comparison.
SKEP_DEVICE QueryFilter lengthened_filter(const QueryState& state) {
    const double slope = (double)state.slope * sqrt_exactly_rounded(state.squared_norm);
    QueryFilter filter = query_filter(state);
    filter.slope = round_up_to_float(slope + (slope < 0.0 ? -slope : slope) * 0x1p-20);
    return filter;
}

// The score that the list takes: for survivors only, so that it may cost a division or two.
template <bool kIsScaled>
SKEP_DEVICE float byte_score(int32_t sum, const QueryState& state, const RowBounds& bounds) {
    if constexpr (!kIsScaled) return (float)sum;
    const double norm = sqrt_exactly_rounded(state.squared_norm);
    return (norm == 0.0 ? 0.0F : (float)sum / round_to_float(norm) / bounds.norm) + state.error;
}

}  // namespace skep::cuda
