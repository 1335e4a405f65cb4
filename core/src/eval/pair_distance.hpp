// SPDX-License-Identifier: MIT
// The distance of a query and a row for the ground truth: that of common/distance.hpp, with norms
// that were computed before and whole numbers where both sides are u8.
#pragma once

#include <cstdint>

#include "skep/common/distance.hpp"

namespace skep {

inline double squared_l2_of(const float* a, const float* b, std::size_t dim) {
    return squared_l2(a, b, dim);
}
inline double dot_product_of(const float* a, const float* b, std::size_t dim) {
    return dot_product(a, b, dim);
}

// The same value in u32, which compilers turn into vector instructions. Every term is at most
// 255 * 255, so that 65 536 of them stay below 2^32; and every partial sum in double is a whole
// number below 2^53, so that the definition rounds nowhere either.
inline double squared_l2_of(const std::uint8_t* a, const std::uint8_t* b, std::size_t dim) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < dim; ++i) {
        const int difference = static_cast<int>(a[i]) - static_cast<int>(b[i]);
        sum += static_cast<std::uint32_t>(difference * difference);
    }
    return static_cast<double>(sum);
}
inline double dot_product_of(const std::uint8_t* a, const std::uint8_t* b, std::size_t dim) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < dim; ++i) {
        sum += static_cast<std::uint32_t>(a[i]) * static_cast<std::uint32_t>(b[i]);
    }
    return static_cast<double>(sum);
}

// Bit for bit distance(metric, query, row, dim). The squared norms are looked at only for cosine.
template <typename Element>
double pair_distance(skep_metric metric, const Element* query, const Element* row, std::size_t dim,
                     double squared_norm_query, double squared_norm_row) {
    switch (metric) {
        case SKEP_METRIC_L2:
            return squared_l2_of(query, row, dim);
        case SKEP_METRIC_INNER_PRODUCT:
            return 0.0 - dot_product_of(query, row, dim);
        default:
            return cosine_distance(dot_product_of(query, row, dim), squared_norm_query,
                                   squared_norm_row);
    }
}

}  // namespace skep
