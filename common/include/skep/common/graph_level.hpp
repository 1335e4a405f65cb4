// SPDX-License-Identifier: MIT
// The level of a slot in a graph: drawn from its number and the seed, so that it depends on nothing
// else, and every backend draws the same.
#pragma once

#include <cstdint>

namespace skep {

inline constexpr std::uint32_t kMaxGraphLevel = 40;

// Each level has one m-th of the slots of the level below.
[[nodiscard]] inline std::uint32_t draw_level(std::uint64_t seed, std::uint64_t slot,
                                              std::uint32_t m) {
    // SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
    std::uint64_t bits = seed + (slot + 1) * 0x9E37'79B9'7F4A'7C15U;
    bits = (bits ^ bits >> 30U) * 0xBF58'476D'1CE4'E5B9U;
    bits = (bits ^ bits >> 27U) * 0x94D0'49BB'1331'11EBU;
    bits ^= bits >> 31U;
    // Whole numbers alone, so that every processor draws the same: one step per factor of m.
    std::uint32_t level = 0;
    for (std::uint64_t bound = ~std::uint64_t{0} / m; bits < bound && level < kMaxGraphLevel;
         bound /= m)
        ++level;
    return level;
}

}  // namespace skep
