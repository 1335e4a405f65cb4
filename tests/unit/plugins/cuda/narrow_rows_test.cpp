// SPDX-License-Identifier: MIT
// What kernels read of f16, bf16 and i8 rows is the value of the element, whatever its bits.
#include "narrow_rows.cuh"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>

#include "skep/common/element_type.hpp"

namespace skep::cuda {
namespace {

bool have_same_bits(float a, float b) {
    return std::memcmp(&a, &b, sizeof a) == 0;
}

TEST(NarrowRows, HoldTheValueOfEveryFiniteElement) {
    for (std::uint32_t bits = 0; bits <= 0xFFFF; ++bits) {
        const auto element = static_cast<std::uint16_t>(bits);
        const auto* const bytes = reinterpret_cast<const std::uint8_t*>(&element);
        const float f16 = f16_to_f32(element);
        const float bf16 = bf16_to_f32(element);

        // Rows hold no others.
        if (std::isfinite(f16)) {
            ASSERT_TRUE(have_same_bits((NarrowRow{bytes, kF16}[0]), f16)) << bits;
        }
        if (std::isfinite(bf16)) {
            ASSERT_TRUE(have_same_bits((NarrowRow{bytes, kBf16}[0]), bf16)) << bits;
        }
    }
}

TEST(NarrowRows, KeepTheSignOfBytes) {
    const std::uint8_t bytes[] = {0x00, 0x7F, 0x80, 0xFF};
    const NarrowRow row{bytes, kI8};

    EXPECT_EQ(row[0], 0.0F);
    EXPECT_EQ(row[1], 127.0F);
    EXPECT_EQ(row[2], -128.0F);
    EXPECT_EQ(row[3], -1.0F);
    EXPECT_TRUE(is_own_code(row));
    EXPECT_FALSE(is_own_code(NarrowRow{bytes, kF16}));
}

}  // namespace
}  // namespace skep::cuda
