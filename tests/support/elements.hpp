// SPDX-License-Identifier: MIT
// Every element type of a collection as a C++ type: float, Half, Brain, int8_t, uint8_t.
#pragma once

#include <skep/types.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

#include "skep/common/element_type.hpp"

namespace skep::testing {

// A binary16.
struct Half {
    std::uint16_t bits;

    explicit operator float() const { return f16_to_f32(bits); }
    explicit operator double() const { return static_cast<double>(f16_to_f32(bits)); }
};

// A bfloat16.
struct Brain {
    std::uint16_t bits;

    explicit operator float() const { return bf16_to_f32(bits); }
    explicit operator double() const { return static_cast<double>(bf16_to_f32(bits)); }
};

template <typename Element>
inline constexpr skep_dtype kDtypeOf = std::is_same_v<Element, Half>           ? SKEP_DTYPE_F16
                                       : std::is_same_v<Element, Brain>        ? SKEP_DTYPE_BF16
                                       : std::is_same_v<Element, std::int8_t>  ? SKEP_DTYPE_I8
                                       : std::is_same_v<Element, std::uint8_t> ? SKEP_DTYPE_U8
                                                                               : SKEP_DTYPE_F32;

// The element nearest to a finite value; the largest of its sign where that overflows.
template <typename Element>
Element element_near(float value) {
    if constexpr (std::is_same_v<Element, Half>) {
        return {nearest_f16(std::clamp(static_cast<double>(value), -65504.0, 65504.0))};
    } else if constexpr (std::is_same_v<Element, Brain>) {
        constexpr double kLargest = 0x1.FEp127;
        return {nearest_bf16(std::clamp(static_cast<double>(value), -kLargest, kLargest))};
    } else if constexpr (std::is_integral_v<Element>) {
        constexpr float kLeast = std::numeric_limits<Element>::min();
        constexpr float kMost = std::numeric_limits<Element>::max();
        return static_cast<Element>(std::lround(std::clamp(value, kLeast, kMost)));
    } else {
        return value;
    }
}

template <typename Element>
std::vector<Element> elements_near(const std::vector<float>& values) {
    std::vector<Element> elements;
    elements.reserve(values.size());
    for (const float value : values)
        elements.push_back(element_near<Element>(value));
    return elements;
}

template <typename Element>
skep_matrix matrix_of(const std::vector<Element>& values, std::uint32_t dim) {
    return SKEP_HOST_MATRIX(skep_matrix, kDtypeOf<Element>, values.data(), values.size() / dim,
                            dim);
}

}  // namespace skep::testing
