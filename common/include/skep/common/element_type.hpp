// SPDX-License-Identifier: MIT
// What the element types of matrices are: their size, their value, whether it is finite. Data may
// be unaligned everywhere.
#pragma once

#include <skep/types.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace skep {

// Bytes of one element; 0 for a number that is no skep_dtype.
inline constexpr std::size_t element_bytes(skep_dtype dtype) {
    switch (dtype) {
        case SKEP_DTYPE_F32:
        case SKEP_DTYPE_I32:
            return 4;
        case SKEP_DTYPE_F16:
        case SKEP_DTYPE_BF16:
            return 2;
        case SKEP_DTYPE_I8:
        case SKEP_DTYPE_U8:
            return 1;
        default:
            return 0;
    }
}

// Whether rows of this type are bytes: whole numbers from -128 to 127 or from 0 to 255.
inline constexpr bool is_byte_type(skep_dtype dtype) {
    return dtype == SKEP_DTYPE_I8 || dtype == SKEP_DTYPE_U8;
}

// The value of an IEEE binary16, which every binary32 can hold; NaN stays NaN.
inline float f16_to_f32(std::uint16_t bits) {
    const std::uint32_t sign = (bits & 0x8000U) << 16U;
    const std::uint32_t exponent = (bits >> 10U) & 0x1FU;
    const std::uint32_t fraction = bits & 0x3FFU;
    if (exponent == 0) {
        // Zero and subnormals: fraction * 2^-24.
        const float magnitude = static_cast<float>(fraction) * 0x1p-24F;
        return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(magnitude));
    }
    const std::uint32_t wide_exponent = exponent == 0x1FU ? 0xFFU : exponent + (127U - 15U);
    return std::bit_cast<float>(sign | (wide_exponent << 23U) | (fraction << 13U));
}

// The value of a bfloat16.
inline float bf16_to_f32(std::uint16_t bits) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16U);
}

namespace detail {

// The bits of the float of one sign bit, kFractionBits of fraction and as many bits of exponent as
// are left of 16 that is nearest to a value, ties to even; past its largest, infinity.
template <int kFractionBits, int kLeastExponent>
std::uint16_t nearest_narrow_float(double value) {
    constexpr std::uint64_t kInfinity = (0x7FFFU >> kFractionBits) << kFractionBits;
    const auto wide = std::bit_cast<std::uint64_t>(value);
    const auto sign = static_cast<std::uint16_t>(wide >> 63U << 15U);
    if (value != value) return static_cast<std::uint16_t>(sign | 0x7FFFU);
    const auto exponent = std::max(static_cast<int>(wide >> 52U & 0x7FFU) - 1023, kLeastExponent);
    if (exponent > -kLeastExponent + 1) return static_cast<std::uint16_t>(sign | kInfinity);
    // In units of the last place: at most 2^(kFractionBits + 1), which carries into the exponent.
    const auto unit_exponent = static_cast<std::uint64_t>(1023 + kFractionBits - exponent);
    const double units = std::bit_cast<double>(wide & ~(std::uint64_t{1} << 63U)) *
                         std::bit_cast<double>(unit_exponent << 52U);
    constexpr double kShift = 0x1p52;
    const auto whole = static_cast<std::uint64_t>(units + kShift - kShift);
    const auto biased = static_cast<std::uint64_t>(exponent - kLeastExponent);
    return static_cast<std::uint16_t>(sign | ((biased << kFractionBits) + whole));
}

// Position of the first of `count` elements whose exponent bits are all set, or `count`. Blocks are
// scanned without a branch, so that compilers use vector instructions.
template <typename Bits>
std::size_t first_with_full_exponent(const void* data, std::size_t count, Bits exponent_mask) {
    constexpr std::size_t kBlock = 256;
    const auto* bytes = static_cast<const unsigned char*>(data);
    for (std::size_t begin = 0; begin < count; begin += kBlock) {
        const std::size_t length = std::min(kBlock, count - begin);
        Bits block[kBlock];
        std::memcpy(block, bytes + begin * sizeof(Bits), length * sizeof(Bits));
        unsigned found = 0;
        for (std::size_t i = 0; i < length; ++i)
            found |= (block[i] & exponent_mask) == exponent_mask ? 1U : 0U;
        if (found == 0) continue;
        for (std::size_t i = 0; i < length; ++i) {
            if ((block[i] & exponent_mask) == exponent_mask) return begin + i;
        }
    }
    return count;
}

}  // namespace detail

// The bits of the nearest binary16 or bfloat16, ties to even: infinity from 65 520 on, or from half
// a unit past the largest bfloat16. NaN stays NaN.
inline std::uint16_t nearest_f16(double value) {
    return detail::nearest_narrow_float<10, -14>(value);
}
inline std::uint16_t nearest_bf16(double value) {
    return detail::nearest_narrow_float<7, -126>(value);
}

// Position of the first of `count` elements that is NaN or infinite; `count` if all are finite, as
// integers always are.
inline std::size_t first_not_finite(skep_dtype dtype, const void* data, std::size_t count) {
    switch (dtype) {
        case SKEP_DTYPE_F32:
            return detail::first_with_full_exponent<std::uint32_t>(data, count, 0x7F800000U);
        case SKEP_DTYPE_F16:
            return detail::first_with_full_exponent<std::uint16_t>(data, count, 0x7C00U);
        case SKEP_DTYPE_BF16:
            return detail::first_with_full_exponent<std::uint16_t>(data, count, 0x7F80U);
        default:
            return count;
    }
}

}  // namespace skep
