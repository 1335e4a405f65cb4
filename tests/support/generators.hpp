// SPDX-License-Identifier: MIT
// Rows to test with: seeded, so that a failure repeats.
#pragma once

#include <skep/types.h>

#include <cstdint>
#include <random>
#include <vector>

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

inline skep_matrix matrix_of(const std::vector<float>& values, std::uint32_t dim) {
    return SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_F32, values.data(), values.size() / dim, dim);
}

inline skep_matrix matrix_of(const std::vector<std::uint8_t>& values, std::uint32_t dim) {
    return SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_U8, values.data(), values.size() / dim, dim);
}

}  // namespace skep::testing
