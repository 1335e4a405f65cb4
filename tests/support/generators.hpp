// SPDX-License-Identifier: MIT
// Rows to test with: seeded, so that a failure repeats.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "support/elements.hpp"

namespace skep::testing {

inline std::vector<float> random_f32(std::size_t count, std::uint64_t seed, float low = -1.0F,
                                     float high = 1.0F) {
    std::mt19937_64 engine(seed);
    std::uniform_real_distribution<float> draw(low, high);
    std::vector<float> values(count);
    for (float& value : values)
        value = draw(engine);
    return values;
}

inline std::vector<std::uint8_t> random_u8(std::size_t count, std::uint64_t seed) {
    std::mt19937_64 engine(seed);
    std::uniform_int_distribution<int> draw(0, 255);
    std::vector<std::uint8_t> values(count);
    for (std::uint8_t& value : values)
        value = static_cast<std::uint8_t>(draw(engine));
    return values;
}

}  // namespace skep::testing
