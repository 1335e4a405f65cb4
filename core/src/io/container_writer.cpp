// SPDX-License-Identifier: MIT
#include "io/container_writer.hpp"

#include <algorithm>
#include <cstdint>

#include "skep/common/assert.hpp"

namespace skep {
namespace {

// Small enough to hash from the cache and to notice a cancel soon.
constexpr std::size_t kPieceBytes = std::size_t{1} << 20U;

std::uint64_t align_up(std::uint64_t position) {
    return (position + kSectionAlignment - 1) / kSectionAlignment * kSectionAlignment;
}

}  // namespace

ContainerWriter::ContainerWriter(const std::string& path, const char* operation,
                                 std::uint32_t num_sections, std::uint64_t total_bytes,
                                 CallControl& control)
    : operation_(operation),
      control_(control),
      target_(path, operation),
      num_sections_(num_sections),
      total_bytes_(total_bytes),
      position_(sizeof(ContainerHeader) + num_sections * sizeof(SectionEntry)) {
    SKEP_ASSERT(num_sections <= kMaxSections, "a reader accepts the number of sections");
    table_.reserve(num_sections);
}

void ContainerWriter::begin_section(SectionKind kind) {
    end_section();
    SKEP_ASSERT(table_.size() < num_sections_, "the table has room for the section");
    position_ = align_up(position_);
    SectionEntry entry{};
    entry.kind = static_cast<std::uint32_t>(kind);
    entry.flags = kSectionIsEssential;
    entry.offset = position_;
    entry.alignment = kSectionAlignment;
    table_.push_back(entry);
    checksum_ = Checksum();
}

void ContainerWriter::write(const void* data, std::size_t num_bytes) {
    SKEP_ASSERT(!table_.empty(), "a section was begun");
    const auto* source = static_cast<const std::byte*>(data);
    while (num_bytes > 0) {
        control_.check(operation_, written_bytes_, total_bytes_).value();
        const std::size_t piece = std::min(num_bytes, kPieceBytes);
        checksum_.add(source, piece);
        target_.file().write(position_, source, piece);
        position_ += piece;
        written_bytes_ += piece;
        source += piece;
        num_bytes -= piece;
    }
}

void ContainerWriter::end_section() {
    if (table_.empty()) return;
    SectionEntry& entry = table_.back();
    entry.length = position_ - entry.offset;
    entry.checksum = checksum_.value();
}

void ContainerWriter::commit() {
    end_section();
    SKEP_ASSERT(table_.size() == num_sections_, "every announced section was written");
    // The last look before the file appears; afterwards the call cannot be stopped any more.
    control_.check(operation_, written_bytes_, total_bytes_).value();

    const std::size_t table_bytes = table_.size() * sizeof(SectionEntry);
    ContainerHeader header{};
    header.magic = kContainerMagic;
    header.format_major = SKEP_FILE_VERSION_MAJOR;
    header.format_minor = SKEP_FILE_VERSION_MINOR;
    header.file_bytes = position_;
    header.table_offset = sizeof header;
    header.num_sections = num_sections_;
    header.table_checksum = checksum_of(table_.data(), table_bytes);
    header.header_checksum = checksum_of(&header, offsetof(ContainerHeader, header_checksum));

    File& file = target_.file();
    // An empty last section begins behind the last byte that was written.
    file.set_size(position_);
    file.write(header.table_offset, table_.data(), table_bytes);
    file.write(0, &header, sizeof header);
    target_.commit();
}

}  // namespace skep
