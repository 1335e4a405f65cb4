// SPDX-License-Identifier: MIT
// The definition of every distance, bit for bit. Whatever a backend does to be fast, what it
// returns is this.
//
// Sums run in double precision over 16 partial sums: component i goes to partial sum i % 16 in
// order of i, by a separate multiply and add (no fused operation). The partial sums are folded by
// halves: 8 onto 8, 4 onto 4, 2 onto 2, 1 onto 1. So a scalar loop, two AVX-512 registers, four
// AVX2 registers and half a GPU warp all give the same bits. Rows are ordered by this double, ties
// by slot; the float that a search returns is the double rounded to nearest.
//
// Inputs are exact in double (f32, f16, bf16, i8, u8 all are), and no sum of 65 536 squares of
// floats overflows. Squares of the smallest denormals do not underflow either. Compile with
// floating-point contraction off.
#pragma once

#include <skep/types.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace skep {

inline constexpr std::size_t kNumPartialSums = 16;

// Folds the partial sums; the order of these additions is part of the definition.
inline double fold_partial_sums(std::array<double, kNumPartialSums>& sums) {
    for (std::size_t width = kNumPartialSums / 2; width > 0; width /= 2) {
        for (std::size_t lane = 0; lane < width; ++lane)
            sums[lane] += sums[lane + width];
    }
    return sums[0];
}

// Sum of (a[i] - b[i])^2. a, b: [dim]; Element converts to double exactly.
template <typename ElementA, typename ElementB>
double squared_l2(const ElementA* a, const ElementB* b, std::size_t dim) {
    std::array<double, kNumPartialSums> sums{};
    for (std::size_t i = 0; i < dim; ++i) {
        const double difference = static_cast<double>(a[i]) - static_cast<double>(b[i]);
        sums[i % kNumPartialSums] += difference * difference;
    }
    return fold_partial_sums(sums);
}

// Sum of a[i] * b[i].
template <typename ElementA, typename ElementB>
double dot_product(const ElementA* a, const ElementB* b, std::size_t dim) {
    std::array<double, kNumPartialSums> sums{};
    for (std::size_t i = 0; i < dim; ++i) {
        sums[i % kNumPartialSums] += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    }
    return fold_partial_sums(sums);
}

// One minus the cosine of the angle, from the dot product and both squared norms; 1 if either
// vector is zero. A row equal to the query gives exactly 0, because sqrt(n * n) is n. Clamped to
// [0, 2].
inline double cosine_distance(double dot, double squared_norm_a, double squared_norm_b) {
    if (squared_norm_a == 0.0 || squared_norm_b == 0.0) return 1.0;
    const double distance = 1.0 - dot / std::sqrt(squared_norm_a * squared_norm_b);
    return distance < 0.0 ? 0.0 : (distance > 2.0 ? 2.0 : distance);
}

// The distance of a metric. An unknown metric is a caller's defect and gives NaN.
template <typename ElementA, typename ElementB>
double distance(skep_metric metric, const ElementA* a, const ElementB* b, std::size_t dim) {
    switch (metric) {
        case SKEP_METRIC_L2:
            return squared_l2(a, b, dim);
        case SKEP_METRIC_INNER_PRODUCT:
            return 0.0 - dot_product(a, b, dim);  // never -0
        case SKEP_METRIC_COSINE:
            return cosine_distance(dot_product(a, b, dim), dot_product(a, a, dim),
                                   dot_product(b, b, dim));
        default:
            return std::nan("");
    }
}

}  // namespace skep
