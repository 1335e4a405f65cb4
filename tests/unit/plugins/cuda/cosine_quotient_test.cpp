// SPDX-License-Identifier: MIT
// The kernels' quotient of cosine against the processor's own division and square root.
#include "cosine_quotient.cuh"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>

namespace skep::cuda {
namespace {

double expected(double dot, double product) {
    return dot / std::sqrt(product);
}

class CosineQuotient : public ::testing::Test {
  protected:
    // A number of any significand, its exponent between two limits.
    double any(int lowest_exponent, int highest_exponent) {
        const double significand = 1.0 + static_cast<double>(bits_() >> 12) * 0x1p-52;
        std::uniform_int_distribution<int> exponent(lowest_exponent, highest_exponent);
        return std::ldexp((bits_() & 1U) != 0 ? significand : -significand, exponent(bits_));
    }

    std::mt19937_64 bits_{7};
};

TEST_F(CosineQuotient, AnyNumbers) {
    for (int i = 0; i < 2'000'000; ++i) {
        const double dot = any(-298, 272);
        const double product = std::fabs(any(-596, 544));
        ASSERT_EQ(cosine_quotient(dot, product), expected(dot, product))
            << std::hexfloat << dot << " " << product;
    }
}

// Products next to squares, and roots with a significand of ones: where a rounding is hardest.
TEST_F(CosineQuotient, NextToRoundNumbers) {
    for (int i = 0; i < 300'000; ++i) {
        const double root = std::fabs(any(-20, 20));
        const double ones = std::ldexp(std::nextafter(2.0, 0.0), i % 40 - 20);
        for (const double base : {root * root, ones * ones, std::ldexp(1.0, i % 40)}) {
            for (const double product :
                 {base, std::nextafter(base, 0.0), std::nextafter(base, HUGE_VAL)}) {
                for (const double dot : {std::sqrt(product), std::ldexp(1.0, i % 13), any(-9, 9)}) {
                    ASSERT_EQ(cosine_quotient(dot, product), expected(dot, product))
                        << std::hexfloat << dot << " " << product;
                }
            }
        }
    }
}

TEST_F(CosineQuotient, ZeroAndTheEndsOfTheRange) {
    constexpr double kLargest = std::numeric_limits<float>::max();
    constexpr double kSmallest = std::numeric_limits<float>::denorm_min();
    for (const double a : {kSmallest, 1.0, kLargest}) {
        for (const double b : {kSmallest, 3.0, kLargest}) {
            const double product = (65536 * a * a) * (b * b);
            for (const double dot : {0.0, a * b, -a * b, 256 * a * b, 1e-3 * a * b}) {
                EXPECT_EQ(cosine_quotient(dot, product), expected(dot, product));
            }
        }
    }
    EXPECT_EQ(cosine_quotient(81.0, 81.0 * 81.0), 1.0);
}

}  // namespace
}  // namespace skep::cuda
