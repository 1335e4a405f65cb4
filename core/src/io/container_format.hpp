// SPDX-License-Identifier: MIT
// The bytes of a .skep container; docs/file-format.md tells them in prose. Every number is
// little-endian.
#pragma once

#include <skep/version.h>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace skep {

// The first byte is no text and the last four notice a transfer that rewrites line ends.
inline constexpr std::array<unsigned char, 8> kContainerMagic = {0x89, 'S',  'K',  'E',
                                                                 'P',  '\r', '\n', 0x1A};

// Sections begin at multiples of this, so that a mapping can use them in place.
inline constexpr std::uint64_t kSectionAlignment = 4096;
inline constexpr std::uint64_t kLargestSectionAlignment = std::uint64_t{1} << 30U;

// Far above what any version writes; keeps a damaged count from allocating.
inline constexpr std::uint32_t kMaxSections = 4096;
inline constexpr std::uint64_t kMaxMetadataBytes = std::uint64_t{1} << 20U;

// At offset 0. magic, format_major and format_minor keep their place in every version; a reader
// that knows the major version knows the rest.
struct ContainerHeader {
    std::array<unsigned char, 8> magic;
    std::uint32_t format_major;
    std::uint32_t format_minor;
    std::uint64_t file_bytes;  // of the whole file
    std::uint64_t table_offset;
    std::uint32_t num_sections;
    std::uint32_t reserved;  // 0
    std::uint64_t table_checksum;
    std::uint64_t reserved2;        // 0
    std::uint64_t header_checksum;  // of the 56 bytes before it
};

// The table: num_sections of these, in the order in which the sections lie in the file.
struct SectionEntry {
    std::uint32_t kind;   // SectionKind, or one that only a newer minor version knows
    std::uint32_t flags;  // SectionFlag bits
    std::uint64_t offset;
    std::uint64_t length;
    std::uint64_t alignment;
    std::uint64_t checksum;  // of its length bytes; padding behind them is not covered
};

static_assert(std::endian::native == std::endian::little, "files are read as they lie in memory");
static_assert(sizeof(ContainerHeader) == 64 && offsetof(ContainerHeader, file_bytes) == 16 &&
              offsetof(ContainerHeader, table_offset) == 24 &&
              offsetof(ContainerHeader, num_sections) == 32 &&
              offsetof(ContainerHeader, table_checksum) == 40 &&
              offsetof(ContainerHeader, header_checksum) == 56);
static_assert(sizeof(SectionEntry) == 40 && offsetof(SectionEntry, offset) == 8 &&
              offsetof(SectionEntry, length) == 16 && offsetof(SectionEntry, alignment) == 24 &&
              offsetof(SectionEntry, checksum) == 32);
static_assert(std::has_unique_object_representations_v<ContainerHeader> &&
                  std::has_unique_object_representations_v<SectionEntry>,
              "no padding, so that equal contents are equal bytes");

// Numbers are never reused.
enum class SectionKind : std::uint32_t {
    kMetadata = 1,        // JSON text
    kRows = 2,            // [num_rows, dim] of the collection's element type
    kKeys = 3,            // u64 [num_rows], or the bytes of all string keys
    kKeyOffsets = 4,      // u64 [num_rows + 1] into kKeys; string keys only
    kPayloadOffsets = 5,  // u64 [num_rows + 1] into kPayloadBytes; both or neither
    kPayloadBytes = 6,
    kGraphLevels = 7,      // u8 [num_linked]; hnsw only, all three of them or none
    kGraphBaseLinks = 8,   // u32 [num_linked, 2 m]
    kGraphUpperLinks = 9,  // u32 [sum of levels, m]
};
inline constexpr std::uint32_t kNumSectionKinds = 10;  // 0 is none

// A reader that does not know the section must refuse the file instead of skipping the section.
inline constexpr std::uint32_t kSectionIsEssential = 1;

inline constexpr std::array<const char*, kNumSectionKinds> kSectionNames = {"",
                                                                            "metadata",
                                                                            "rows",
                                                                            "keys",
                                                                            "key_offsets",
                                                                            "payload_offsets",
                                                                            "payload_bytes",
                                                                            "graph_levels",
                                                                            "graph_base_links",
                                                                            "graph_upper_links"};

}  // namespace skep
