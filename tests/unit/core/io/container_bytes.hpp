// SPDX-License-Identifier: MIT
// A .skep file in memory that can be given any content, with every checksum right: what a hostile
// author would hand over.
#pragma once

#include <cstdint>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "io/checksum.hpp"
#include "io/container_format.hpp"

namespace skep::testing {

struct ContainerBytes {
    struct Section {
        SectionEntry entry{};
        std::string content;
    };

    ContainerHeader header{};
    std::vector<Section> sections;

    static ContainerBytes parse(const std::string& bytes) {
        ContainerBytes parsed;
        std::memcpy(&parsed.header, bytes.data(), sizeof parsed.header);
        for (std::uint32_t i = 0; i < parsed.header.num_sections; ++i) {
            Section section;
            std::memcpy(&section.entry,
                        bytes.data() + parsed.header.table_offset + i * sizeof section.entry,
                        sizeof section.entry);
            section.content = bytes.substr(section.entry.offset, section.entry.length);
            parsed.sections.push_back(section);
        }
        return parsed;
    }

    Section& section(SectionKind kind) {
        for (Section& section : sections) {
            if (section.entry.kind == static_cast<std::uint32_t>(kind)) return section;
        }
        throw std::runtime_error("no such section");
    }

    void remove(SectionKind kind) {
        std::erase_if(sections, [kind](const Section& section) {
            return section.entry.kind == static_cast<std::uint32_t>(kind);
        });
    }

    // Lays the contents out anew and makes offsets, lengths and checksums true; then `break_table`
    // may change entries and `break_header` the header, and their checksums are made right again.
    [[nodiscard]] std::string build(
        const std::function<void(std::vector<SectionEntry>&)>& break_table = {},
        const std::function<void(ContainerHeader&)>& break_header = {}) const {
        std::string bytes(sizeof(ContainerHeader) + sections.size() * sizeof(SectionEntry), '\0');
        std::vector<SectionEntry> table;
        for (const Section& section : sections) {
            SectionEntry entry = section.entry;
            bytes.resize((bytes.size() + entry.alignment - 1) / entry.alignment * entry.alignment);
            entry.offset = bytes.size();
            entry.length = section.content.size();
            entry.checksum = checksum_of(section.content.data(), section.content.size());
            bytes += section.content;
            table.push_back(entry);
        }
        ContainerHeader written = header;
        written.file_bytes = bytes.size();
        written.table_offset = sizeof written;
        written.num_sections = static_cast<std::uint32_t>(table.size());
        if (break_table) break_table(table);
        const std::size_t table_bytes = table.size() * sizeof(SectionEntry);
        written.table_checksum = checksum_of(table.data(), table_bytes);
        std::memcpy(bytes.data() + sizeof written, table.data(), table_bytes);
        if (break_header) break_header(written);
        written.header_checksum = checksum_of(&written, offsetof(ContainerHeader, header_checksum));
        std::memcpy(bytes.data(), &written, sizeof written);
        return bytes;
    }
};

}  // namespace skep::testing
