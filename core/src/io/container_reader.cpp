// SPDX-License-Identifier: MIT
#include "io/container_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "io/checksum.hpp"

namespace skep {
namespace {

Error format_error(skep_status status, const File& file, const std::string& text) {
    return file_error(status, file.operation(), file.path(), text);
}

void check_magic(const File& file, std::uint64_t file_size) {
    std::array<unsigned char, kContainerMagic.size()> magic{};
    const std::uint64_t available = std::min<std::uint64_t>(file_size, magic.size());
    file.read(0, magic.data(), available);
    const auto end = magic.begin() + static_cast<std::ptrdiff_t>(available);
    if (!std::equal(magic.begin(), end, kContainerMagic.begin())) {
        throw format_error(SKEP_FILE_UNKNOWN_FORMAT, file,
                           "is no .skep file: its first bytes are not those of one");
    }
    if (file_size < sizeof(ContainerHeader)) {
        throw format_error(SKEP_FILE_TRUNCATED, file,
                           fmt::format("has {} bytes; the header alone has {}", file_size,
                                       sizeof(ContainerHeader)));
    }
}

ContainerHeader read_header(const File& file, std::uint64_t file_size) {
    check_magic(file, file_size);
    ContainerHeader header{};
    file.read(0, &header, sizeof header);
    // Before the checksum: a newer major version may compute it in another way.
    if (header.format_major > SKEP_FILE_VERSION_MAJOR) {
        throw format_error(
            SKEP_FILE_TOO_NEW, file,
            fmt::format("has format version {}.{}; this library reads up to major version {}",
                        header.format_major, header.format_minor, SKEP_FILE_VERSION_MAJOR));
    }
    const std::uint64_t checksum = checksum_of(&header, offsetof(ContainerHeader, header_checksum));
    if (checksum != header.header_checksum) {
        throw format_error(SKEP_FILE_CORRUPT, file,
                           fmt::format("header checksum is {:016x}; its bytes give {:016x}",
                                       header.header_checksum, checksum));
    }
    if (header.format_major == 0) {
        throw format_error(SKEP_FILE_CORRUPT, file, "has format version 0; expected 1 or more");
    }
    if (header.file_bytes > file_size) {
        throw format_error(
            SKEP_FILE_TRUNCATED, file,
            fmt::format("has {} bytes; its header says {}", file_size, header.file_bytes));
    }
    if (header.file_bytes < file_size) {
        throw format_error(SKEP_FILE_CORRUPT, file,
                           fmt::format("has {} bytes; its header says {}, so that something was "
                                       "appended",
                                       file_size, header.file_bytes));
    }
    return header;
}

std::vector<SectionEntry> read_table(const File& file, const ContainerHeader& header) {
    if (header.num_sections > kMaxSections) {
        throw format_error(SKEP_FILE_IMPOSSIBLE_SIZE, file,
                           fmt::format("header says {} sections; expected at most {}",
                                       header.num_sections, kMaxSections));
    }
    const std::uint64_t table_bytes = header.num_sections * sizeof(SectionEntry);
    if (header.table_offset < sizeof header || header.table_offset > header.file_bytes ||
        table_bytes > header.file_bytes - header.table_offset) {
        throw format_error(
            SKEP_FILE_IMPOSSIBLE_SIZE, file,
            fmt::format("section table of {} bytes at offset {}; expected behind the header and "
                        "within {} bytes",
                        table_bytes, header.table_offset, header.file_bytes));
    }
    std::vector<SectionEntry> table(header.num_sections);
    file.read(header.table_offset, table.data(), table_bytes);
    const std::uint64_t checksum = checksum_of(table.data(), table_bytes);
    if (checksum != header.table_checksum) {
        throw format_error(SKEP_FILE_CORRUPT, file,
                           fmt::format("section table checksum is {:016x}; its bytes give {:016x}",
                                       header.table_checksum, checksum));
    }
    return table;
}

bool is_known(std::uint32_t kind) {
    return kind > 0 && kind < kNumSectionKinds;
}

void check_section(const File& file, const SectionEntry& section, std::uint64_t previous_end,
                   std::uint64_t file_bytes) {
    if (section.alignment < kSectionAlignment || section.alignment > kLargestSectionAlignment ||
        !std::has_single_bit(section.alignment)) {
        throw section_error(
            SKEP_FILE_CORRUPT, file, section,
            fmt::format("alignment {}; expected a power of two from {} to {}", section.alignment,
                        kSectionAlignment, kLargestSectionAlignment));
    }
    if (section.offset % section.alignment != 0) {
        throw section_error(
            SKEP_FILE_CORRUPT, file, section,
            fmt::format("begins at no multiple of its alignment {}", section.alignment));
    }
    if (section.offset > file_bytes || section.length > file_bytes - section.offset) {
        throw section_error(SKEP_FILE_IMPOSSIBLE_SIZE, file, section,
                            fmt::format("length {} reaches past the {} bytes of the file",
                                        section.length, file_bytes));
    }
    if (section.offset < previous_end) {
        throw section_error(
            SKEP_FILE_CORRUPT, file, section,
            fmt::format("overlaps what lies before; expected offset {} or more", previous_end));
    }
    if (!is_known(section.kind) && (section.flags & kSectionIsEssential) != 0) {
        throw section_error(SKEP_FILE_TOO_NEW, file, section,
                            "is essential and of a newer version than this library");
    }
}

}  // namespace

const SectionEntry* ContainerLayout::find(SectionKind kind) const {
    const auto found = std::find_if(sections.begin(), sections.end(), [kind](const auto& section) {
        return section.kind == static_cast<std::uint32_t>(kind);
    });
    return found == sections.end() ? nullptr : &*found;
}

std::string section_name(std::uint32_t kind) {
    if (is_known(kind)) return kSectionNames[kind];
    return fmt::format("unknown section {}", kind);
}

Error section_error(skep_status status, const File& file, const SectionEntry& section,
                    const std::string& text) {
    return format_error(status, file,
                        fmt::format("section '{}' at offset {}: {}", section_name(section.kind),
                                    section.offset, text));
}

ContainerLayout read_container_layout(const File& file) {
    ContainerLayout layout{};
    layout.header = read_header(file, file.size());
    layout.sections = read_table(file, layout.header);

    std::uint64_t previous_end =
        layout.header.table_offset + layout.sections.size() * sizeof(SectionEntry);
    std::array<bool, kNumSectionKinds> was_seen{};
    for (const SectionEntry& section : layout.sections) {
        check_section(file, section, previous_end, layout.header.file_bytes);
        previous_end = section.offset + section.length;
        if (!is_known(section.kind)) continue;
        if (std::exchange(was_seen[section.kind], true)) {
            throw section_error(SKEP_FILE_CORRUPT, file, section,
                                "is there twice; expected one of each kind");
        }
    }
    return layout;
}

}  // namespace skep
