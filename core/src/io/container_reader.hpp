// SPDX-License-Identifier: MIT
// Header and section table of a .skep container, checked: what is described here lies within the
// file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/container_format.hpp"
#include "io/posix_file.hpp"

namespace skep {

struct ContainerLayout {
    ContainerHeader header;
    // As in the file: ascending, without overlap, each within it. At most one of each known kind.
    std::vector<SectionEntry> sections;

    // Null if the file has none of this kind.
    [[nodiscard]] const SectionEntry* find(SectionKind kind) const;
};

// The section's name; "unknown section 17" for a kind of a newer version.
std::string section_name(std::uint32_t kind);

// An Error about a section of a file: operation, file, section, offset, then `text`.
[[nodiscard]] Error section_error(skep_status status, const File& file, const SectionEntry& section,
                                  const std::string& text);

// Reads and checks header and table. Throws; allocates at most kMaxSections entries.
ContainerLayout read_container_layout(const File& file);

}  // namespace skep
