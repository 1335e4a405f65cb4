// SPDX-License-Identifier: MIT
// Rows of floats for benchmarks.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <thread>
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

// The rows again and again, every copy but the first moved by whole numbers of up to 3.
inline std::vector<float> jittered(const std::vector<float>& rows, std::uint64_t copies) {
    std::vector<float> all(rows.size() * copies);
    std::vector<std::thread> threads;
    const std::uint64_t num_threads = std::max(1U, std::thread::hardware_concurrency());
    for (std::uint64_t thread = 0; thread < num_threads; ++thread) {
        threads.emplace_back([&, thread] {
            for (std::uint64_t copy = thread; copy < copies; copy += num_threads) {
                std::uint64_t state = 0x9E3779B97F4A7C15ULL * (copy + 1);
                for (std::size_t i = 0; i < rows.size(); ++i) {
                    state ^= state << 13;
                    state ^= state >> 7;
                    state ^= state << 17;
                    const auto step = static_cast<float>(static_cast<int>(state % 7) - 3);
                    all[copy * rows.size() + i] =
                        copy == 0 ? rows[i] : std::clamp(rows[i] + step, 0.0F, 255.0F);
                }
            }
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    return all;
}

}  // namespace skep::bench
