// SPDX-License-Identifier: MIT
#include "io/component_conversion.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <type_traits>

#include "skep/common/assert.hpp"
#include "skep/common/element_type.hpp"

namespace skep {
namespace {

// Raw bits of the types that C++ has no name for.
struct F16 {
    std::uint16_t bits;
};
struct Bf16 {
    std::uint16_t bits;
};

// Every element type fits into a double exactly.
double value_of(F16 half) {
    return f16_to_f32(half.bits);
}
double value_of(Bf16 half) {
    return bf16_to_f32(half.bits);
}
template <typename Number>
double value_of(Number number) {
    return static_cast<double>(number);
}

// Calls `use` with a value of the C++ type that stands for `dtype`.
template <typename Use>
auto with_type(skep_dtype dtype, Use&& use) {
    switch (dtype) {
        case SKEP_DTYPE_F32:
            return use(float{});
        case SKEP_DTYPE_F16:
            return use(F16{});
        case SKEP_DTYPE_BF16:
            return use(Bf16{});
        case SKEP_DTYPE_I8:
            return use(std::int8_t{});
        case SKEP_DTYPE_U8:
            return use(std::uint8_t{});
        default:
            SKEP_ASSERT(dtype == SKEP_DTYPE_I32, "the element type was checked");
            return use(std::int32_t{});
    }
}

template <typename Number>
bool can_hold(double value) {
    if constexpr (std::is_same_v<Number, float>) {
        // Out of the range of float the cast is undefined; infinity is in it.
        if (std::isnan(value) || std::isinf(value)) return true;
        if (std::abs(value) > static_cast<double>(std::numeric_limits<float>::max())) return false;
        return static_cast<double>(static_cast<float>(value)) == value;
    } else {
        return value >= std::numeric_limits<Number>::min() &&
               value <= std::numeric_limits<Number>::max() && value == std::trunc(value);
    }
}

// The value itself, or nothing.
template <typename To>
std::optional<To> same(double value) {
    return can_hold<To>(value) ? std::optional(static_cast<To>(value)) : std::nullopt;
}

// The value nearest to a finite one, or nothing.
template <typename To>
std::optional<To> rounded(double value) {
    if (!std::isfinite(value)) return std::nullopt;
    if constexpr (std::is_same_v<To, F16>) {
        const F16 half{nearest_f16(value)};
        return std::isfinite(value_of(half)) ? std::optional(half) : std::nullopt;
    } else if constexpr (std::is_same_v<To, Bf16>) {
        const Bf16 half{nearest_bf16(value)};
        return std::isfinite(value_of(half)) ? std::optional(half) : std::nullopt;
    } else if constexpr (std::is_same_v<To, float>) {
        return static_cast<float>(value);  // no source has a wider range
    } else {
        const double whole = std::nearbyint(value);
        return can_hold<To>(whole) ? std::optional(static_cast<To>(whole)) : std::nullopt;
    }
}

// Up to the first component that to_one has nothing for; its position, or count.
template <typename From, typename ToOne>
std::size_t convert_each(const std::byte* source, std::byte* target, std::size_t count,
                         ToOne&& to_one) {
    for (std::size_t position = 0; position < count; ++position) {
        From from{};
        std::memcpy(&from, source + position * sizeof from, sizeof from);
        const auto to = to_one(value_of(from));
        if (!to) return position;
        std::memcpy(target + position * sizeof *to, &*to, sizeof *to);
    }
    return count;
}

}  // namespace

std::size_t convert_components(skep_dtype from, const std::byte* source, skep_dtype to,
                               std::byte* target, std::size_t count) {
    if (from == to) {
        std::memcpy(target, source, count * element_bytes(from));
        return count;
    }
    return with_type(from, [&](auto from_type) {
        using From = decltype(from_type);
        return with_type(to, [&](auto to_type) -> std::size_t {
            using To = decltype(to_type);
            if constexpr (std::is_arithmetic_v<To>) {
                return convert_each<From>(source, target, count,
                                          [](double value) { return same<To>(value); });
            } else {
                SKEP_ASSERT(false, "no format asks for rounding to 16 bits");
                return 0;
            }
        });
    });
}

std::size_t round_components(skep_dtype from, const std::byte* source, skep_dtype to,
                             std::byte* target, std::size_t count) {
    return with_type(from, [&](auto from_type) {
        return with_type(to, [&](auto to_type) {
            return convert_each<decltype(from_type)>(source, target, count, [](double value) {
                return rounded<decltype(to_type)>(value);
            });
        });
    });
}

std::string component_text(skep_dtype dtype, const std::byte* component) {
    return with_type(dtype, [&](auto type) {
        std::memcpy(&type, component, sizeof type);
        return fmt::format("{}", value_of(type));
    });
}

const char* range_text(skep_dtype dtype) {
    switch (dtype) {
        case SKEP_DTYPE_I8:
            return "whole numbers from -128 to 127";
        case SKEP_DTYPE_U8:
            return "whole numbers from 0 to 255";
        case SKEP_DTYPE_I32:
            return "whole numbers from -2147483648 to 2147483647";
        case SKEP_DTYPE_F16:
            return "values that round to at most 65504 in magnitude";
        case SKEP_DTYPE_BF16:
            return "values that round to at most 3.3895e+38 in magnitude";
        default:
            return "32-bit floats";
    }
}

}  // namespace skep
