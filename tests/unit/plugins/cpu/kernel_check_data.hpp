// SPDX-License-Identifier: MIT
// What the checks of kernels look at, and what they find.
#pragma once

#include <skep/types.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "support/elements.hpp"

namespace skep::testing {

inline constexpr skep_metric kAllMetrics[] = {SKEP_METRIC_L2, SKEP_METRIC_INNER_PRODUCT,
                                              SKEP_METRIC_COSINE};

// What went wrong, in words; empty: nothing. num_checks shows that something was looked at.
struct Findings {
    std::vector<std::string> failures;
    std::uint64_t num_checks = 0;

    void expect(bool holds, const std::string& claim) {
        ++num_checks;
        if (!holds && failures.size() < 20) failures.push_back(claim);
    }
};

// Around the vector widths 4, 8, 16, 32 and 64, and real ones.
inline std::vector<std::size_t> kernel_dims() {
    return {1,  2,  3,  4,  5,  7,  8,   9,   14,  15,  16,  17,  26,  31,  32,
            33, 50, 63, 64, 65, 98, 100, 127, 128, 129, 194, 300, 784, 1000};
}

template <typename Element>
std::string name_of() {
    constexpr const char* kNames[] = {"f32", "f16", "bf16", "i8", "u8"};
    return kNames[kDtypeOf<Element>];
}

// Magnitudes of components; the last ones are beyond what float sums can bound.
enum class Magnitude { kOrdinary, kLarge, kTiny, kDenormal, kHuge, kMixed };
inline constexpr Magnitude kMagnitudes[] = {Magnitude::kOrdinary, Magnitude::kLarge,
                                            Magnitude::kTiny,     Magnitude::kDenormal,
                                            Magnitude::kHuge,     Magnitude::kMixed};

inline float draw_component(std::mt19937_64& engine, Magnitude magnitude) {
    std::uniform_real_distribution<float> mantissa(-1.0F, 1.0F);
    const float value = mantissa(engine);
    switch (magnitude) {
        case Magnitude::kLarge:
            return std::ldexp(value, 50);
        case Magnitude::kTiny:
            return std::ldexp(value, -48);
        case Magnitude::kDenormal:
            return std::ldexp(value, -130);
        case Magnitude::kHuge:
            return std::ldexp(value, 127);
        case Magnitude::kMixed:
            return engine() % 5 == 0 ? 0.0F
                                     : std::ldexp(value, static_cast<int>(engine() % 240) - 140);
        default:
            return value;
    }
}

template <typename Element>
Element draw_element(std::mt19937_64& engine, Magnitude magnitude) {
    if constexpr (std::is_integral_v<Element>) {
        // Extremes and ordinary bytes.
        if (magnitude == Magnitude::kHuge)
            return static_cast<Element>(std::is_signed_v<Element> ? -128 : 255);
        return static_cast<Element>(engine());
    } else {
        return element_near<Element>(draw_component(engine, magnitude));
    }
}

// Rows at an odd address, with an odd gap between them.
template <typename Element>
struct OddRows {
    OddRows(std::mt19937_64& engine, std::size_t count, std::size_t row_dim, Magnitude magnitude)
        : dim(row_dim), stride(row_dim * sizeof(Element) + 3), values(count * row_dim) {
        for (Element& value : values)
            value = draw_element<Element>(engine, magnitude);
        // The last row ends with the buffer, so that sanitizers see a read behind it.
        bytes.resize(1 + (count - 1) * stride + dim * sizeof(Element));
        for (std::size_t row = 0; row < count; ++row)
            std::memcpy(bytes.data() + 1 + row * stride, this->row(row), dim * sizeof(Element));
    }
    [[nodiscard]] const Element* row(std::size_t i) const { return values.data() + i * dim; }
    [[nodiscard]] const unsigned char* odd_row(std::size_t i) const {
        return bytes.data() + 1 + i * stride;
    }

    std::size_t dim;
    std::size_t stride;
    std::vector<Element> values;
    std::vector<unsigned char> bytes;
};

}  // namespace skep::testing
