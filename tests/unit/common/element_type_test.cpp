// SPDX-License-Identifier: MIT
#include "skep/common/element_type.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace skep {
namespace {

// The value of a binary16 by its definition, in double.
double value_of_f16(std::uint16_t bits) {
    const int exponent = (bits >> 10) & 0x1F;
    const double fraction = bits & 0x3FF;
    const double sign = (bits & 0x8000) != 0 ? -1.0 : 1.0;
    if (exponent == 0) return sign * std::ldexp(fraction, -24);
    return sign * std::ldexp(1024.0 + fraction, exponent - 25);
}

TEST(ElementType, ConvertsEveryFiniteHalfExactly) {
    for (std::uint32_t bits = 0; bits <= 0xFFFF; ++bits) {
        if ((bits & 0x7C00U) == 0x7C00U) continue;
        const auto half = static_cast<std::uint16_t>(bits);

        const float value = f16_to_f32(half);

        ASSERT_EQ(static_cast<double>(value), value_of_f16(half)) << bits;
        ASSERT_EQ(std::signbit(value), (bits & 0x8000U) != 0) << bits;
    }
}

TEST(ElementType, KeepsInfinityAndNan) {
    EXPECT_EQ(f16_to_f32(0x7C00), std::numeric_limits<float>::infinity());
    EXPECT_EQ(f16_to_f32(0xFC00), -std::numeric_limits<float>::infinity());
    EXPECT_TRUE(std::isnan(f16_to_f32(0x7C01)));
    EXPECT_EQ(bf16_to_f32(0x3F80), 1.0F);
    EXPECT_TRUE(std::isinf(bf16_to_f32(0xFF80)));
}

// Each value, the middles between neighbours and what lies beside those.
template <typename Widen, typename Narrow>
void expect_nearest(Widen widen, Narrow narrow, std::uint16_t infinity) {
    for (std::uint16_t bits = 0; bits < infinity; ++bits) {
        const auto next = static_cast<std::uint16_t>(bits + 1);
        const auto value = static_cast<double>(widen(bits));
        // The largest has a neighbour that would be, were the exponent not that of infinity.
        const double above =
            next == infinity
                ? 2.0 * value - static_cast<double>(widen(static_cast<std::uint16_t>(bits - 1)))
                : static_cast<double>(widen(next));
        const double middle = (value + above) / 2.0;
        const std::uint16_t even = bits % 2 == 0 ? bits : next;

        ASSERT_EQ(narrow(value), bits);
        ASSERT_EQ(narrow(-value), bits | 0x8000U);
        ASSERT_EQ(narrow(middle), even) << bits;
        ASSERT_EQ(narrow(std::nextafter(middle, 0.0)), bits) << bits;
        ASSERT_EQ(narrow(std::nextafter(middle, 1e300)), next) << bits;
    }
    EXPECT_EQ(narrow(1e300), infinity);
    EXPECT_EQ(narrow(-std::numeric_limits<double>::infinity()), infinity | 0x8000U);
    EXPECT_TRUE(std::isnan(widen(narrow(std::nan("")))));
}

TEST(ElementType, NarrowsToTheNearest) {
    expect_nearest(f16_to_f32, nearest_f16, 0x7C00);
    expect_nearest(bf16_to_f32, nearest_bf16, 0x7F80);
}

TEST(ElementType, KnowsTheSizeOfEveryType) {
    EXPECT_EQ(element_bytes(SKEP_DTYPE_F32), 4U);
    EXPECT_EQ(element_bytes(SKEP_DTYPE_BF16), 2U);
    EXPECT_EQ(element_bytes(SKEP_DTYPE_U8), 1U);
    EXPECT_EQ(element_bytes(6), 0U);
    EXPECT_EQ(element_bytes(-1), 0U);
}

TEST(ElementType, FindsTheFirstNotFiniteComponentAtAnyPosition) {
    std::vector<float> values(777, std::numeric_limits<float>::max());
    EXPECT_EQ(first_not_finite(SKEP_DTYPE_F32, values.data(), values.size()), values.size());
    for (const std::size_t position : {0U, 1U, 255U, 256U, 257U, 511U, 776U}) {
        std::vector<float> broken = values;
        broken[position] = std::nanf("");
        broken.back() = -std::numeric_limits<float>::infinity();

        EXPECT_EQ(first_not_finite(SKEP_DTYPE_F32, broken.data(), broken.size()), position);
    }
}

TEST(ElementType, ReadsUnalignedComponents) {
    std::vector<unsigned char> bytes(1 + 3 * sizeof(float), 0);
    const float infinity = std::numeric_limits<float>::infinity();
    std::memcpy(bytes.data() + 1 + 2 * sizeof(float), &infinity, sizeof infinity);

    EXPECT_EQ(first_not_finite(SKEP_DTYPE_F32, bytes.data() + 1, 3), 2U);
}

TEST(ElementType, TellsNotFiniteHalvesFromLargeOnes) {
    const std::uint16_t halves[] = {0x7BFF, 0xFBFF, 0x7C00};
    const std::uint16_t bfloats[] = {0x7F7F, 0xFF7F, 0x7F81};

    EXPECT_EQ(first_not_finite(SKEP_DTYPE_F16, halves, 3), 2U);
    EXPECT_EQ(first_not_finite(SKEP_DTYPE_BF16, bfloats, 3), 2U);
    EXPECT_EQ(first_not_finite(SKEP_DTYPE_U8, "\xFF\xFF", 2), 2U);
}

}  // namespace
}  // namespace skep
