// SPDX-License-Identifier: MIT
// The header of an hnswlib index file, and the sizes that follow from it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace skep {

#pragma pack(push, 4)
struct HnswlibHeader {
    std::uint64_t base_offset;   // 0
    std::uint64_t max_elements;  // that it had room for
    std::uint64_t num_elements;
    std::uint64_t record_bytes;
    std::uint64_t label_offset;  // in a record
    std::uint64_t row_offset;    // in a record
    std::int32_t max_level;      // -1 without elements
    std::uint32_t entry;
    std::uint64_t upper_links;  // M, and once more below
    std::uint64_t base_links;   // 2 M
    std::uint64_t m;
    double level_factor;  // 1 / ln M
    std::uint64_t ef_construction;
};
#pragma pack(pop)
static_assert(sizeof(HnswlibHeader) == 96 && offsetof(HnswlibHeader, upper_links) == 56);

// In the u32 before the links of the base layer.
inline constexpr std::uint32_t kHnswlibRemoved = 1U << 16U;
inline constexpr std::uint32_t kHnswlibCountMask = 0xFFFFU;

// Bytes of one list with its count.
inline constexpr std::uint64_t hnswlib_list_bytes(std::uint64_t links) {
    return (links + 1) * sizeof(std::uint32_t);
}

}  // namespace skep
