// SPDX-License-Identifier: MIT
// Components of one element type as those of another: exactly or not at all, or rounded.
#pragma once

#include <skep/types.h>

#include <cstddef>
#include <string>

namespace skep {

// Converts `count` components; either side may be unaligned. Returns the position of the first that
// `to` cannot hold exactly, or `count`. `to`: f32, i8, u8, i32, or the same as `from`. A NaN stays
// one in f32; zero may lose its sign in integers.
std::size_t convert_components(skep_dtype from, const std::byte* source, skep_dtype to,
                               std::byte* target, std::size_t count);

// Rounds `count` components to the nearest value of another type, ties to even. Returns the
// position of the first that is not finite or rounds to no finite value of `to`, or `count`.
std::size_t round_components(skep_dtype from, const std::byte* source, skep_dtype to,
                             std::byte* target, std::size_t count);

// A component as text: "0.5", "-3".
std::string component_text(skep_dtype dtype, const std::byte* component);

// What a type holds: "whole numbers from 0 to 255", "values up to 65504".
const char* range_text(skep_dtype dtype);

}  // namespace skep
