// SPDX-License-Identifier: MIT
// Writes a .skep container section by section, as a stream: nothing is held back but the table.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/atomic_file.hpp"
#include "io/checksum.hpp"
#include "io/container_format.hpp"
#include "runtime/call_control.hpp"

namespace skep {

class ContainerWriter {
  public:
    // `num_sections` will be written, `total_bytes` in all of them (for progress).
    ContainerWriter(const std::string& path, const char* operation, std::uint32_t num_sections,
                    std::uint64_t total_bytes, CallControl& control);

    // Begins the next section; ends the one before.
    void begin_section(SectionKind kind);
    // Bytes of the section that was begun. Throws when the call is stopped.
    void write(const void* data, std::size_t num_bytes);

    // Puts header and table in place and makes the file appear.
    void commit();

  private:
    void end_section();

    const char* operation_;
    CallControl& control_;
    AtomicFile target_;
    std::uint32_t num_sections_;
    std::uint64_t total_bytes_;
    std::uint64_t written_bytes_ = 0;
    std::uint64_t position_;  // behind everything written so far
    std::vector<SectionEntry> table_;
    Checksum checksum_;
};

}  // namespace skep
