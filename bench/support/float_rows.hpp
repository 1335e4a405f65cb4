// SPDX-License-Identifier: MIT
// Rows of floats for benchmarks.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace skep::bench {

// Normal numbers, the next of the engine.
inline std::vector<float> normal_f32(std::size_t count, std::mt19937_64& engine) {
    std::normal_distribution<float> draw;
    std::vector<float> values(count);
    for (float& value : values)
        value = draw(engine);
    return values;
}

// Divides every row by its length; rows of zeros stay.
inline void scale_to_unit_length(std::vector<float>& rows, std::uint32_t dim) {
    for (std::size_t first = 0; first < rows.size(); first += dim) {
        double squared_norm = 0.0;
        for (std::size_t i = first; i < first + dim; ++i)
            squared_norm += static_cast<double>(rows[i]) * static_cast<double>(rows[i]);
        const double norm = squared_norm > 0.0 ? std::sqrt(squared_norm) : 1.0;
        for (std::size_t i = first; i < first + dim; ++i)
            rows[i] = static_cast<float>(static_cast<double>(rows[i]) / norm);
    }
}

}  // namespace skep::bench
