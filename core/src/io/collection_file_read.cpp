// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>

#include "io/checksum.hpp"
#include "io/collection_file.hpp"
#include "io/collection_metadata.hpp"
#include "io/container_reader.hpp"
#include "io/key_checks.hpp"
#include "io/mapped_file.hpp"
#include "skep/common/element_type.hpp"

namespace skep {
namespace {

// Small enough to hash from the cache and to notice a cancel soon; a multiple of every element.
constexpr std::uint64_t kPieceBytes = std::uint64_t{1} << 20U;

// Page-aligned memory as large as the file. Sections are read to where they lie in the file; what
// is not read stays untouched, and the system lends no page for it.
class FileBuffer {
  public:
    explicit FileBuffer(std::uint64_t num_bytes)
        : data_(static_cast<std::byte*>(::operator new(num_bytes, kAlignment))) {}
    ~FileBuffer() { ::operator delete(data_, kAlignment); }
    FileBuffer(const FileBuffer&) = delete;
    FileBuffer& operator=(const FileBuffer&) = delete;

    [[nodiscard]] std::byte* data() { return data_; }

  private:
    static constexpr std::align_val_t kAlignment{kSectionAlignment};
    std::byte* data_;
};

class CollectionFileReader {
  public:
    CollectionFileReader(const std::string& path, std::uint32_t flags, CallControl& control)
        : file_(File::open_for_reading(path, "open")),
          verifies_((flags & SKEP_OPEN_SKIP_CHECKSUMS) == 0),
          is_mapped_((flags & SKEP_OPEN_MAP) != 0),
          control_(control),
          layout_(read_container_layout(file_)),
          contents_(parse_metadata(read_metadata(file_, layout_), file_, layout_)) {}

    LoadedCollection read() {
        choose_sections();
        LoadedCollection loaded;
        loaded.is_mapped = is_mapped_;
        loaded.owner = load_sections();
        check_keys();
        check_payloads();
        check_graph();
        loaded.contents = contents_;
        loaded.rows = SKEP_HOST_MATRIX(skep_matrix, contents_.dtype, bytes_of(rows_).data(),
                                       contents_.num_rows, contents_.dim);
        return loaded;
    }

  private:
    [[nodiscard]] Error file_error(skep_status status, const std::string& text) const {
        return skep::file_error(status, file_.operation(), file_.path(), text);
    }

    // The section of this kind, with exactly this length where one is given.
    const SectionEntry* require(SectionKind kind, std::optional<std::uint64_t> length,
                                const std::string& meaning) const {
        const SectionEntry* section = layout_.find(kind);
        if (section == nullptr) {
            throw file_error(
                SKEP_FILE_CORRUPT,
                fmt::format("has no section '{}'", section_name(static_cast<std::uint32_t>(kind))));
        }
        if (length && section->length != *length) {
            throw section_error(
                SKEP_FILE_IMPOSSIBLE_SIZE, file_, *section,
                fmt::format("length {}; expected {}: {}", section->length, *length, meaning));
        }
        return section;
    }

    // Which sections this collection must have, and how long they must be. num_rows is below 2^32
    // and dim at most 2^16, so that no product here overflows.
    void choose_sections() {
        const std::uint64_t num_rows = contents_.num_rows;
        const std::uint64_t row_bytes = contents_.dim * element_bytes(contents_.dtype);
        rows_ = require(SectionKind::kRows, num_rows * row_bytes,
                        fmt::format("{} rows of {} bytes", num_rows, row_bytes));
        const std::uint64_t offset_bytes = (num_rows + 1) * sizeof(std::uint64_t);
        const std::string offset_meaning = fmt::format(
            "one offset of 8 bytes for each of {} rows "
            "and one for the end",
            num_rows);
        if (contents_.key_kind == SKEP_KEY_STRING) {
            key_offsets_ = require(SectionKind::kKeyOffsets, offset_bytes, offset_meaning);
            keys_ = require(SectionKind::kKeys, {}, {});
        } else {
            keys_ = require(SectionKind::kKeys, num_rows * sizeof(std::uint64_t),
                            fmt::format("8 bytes for each of {} rows", num_rows));
        }
        const bool has_payloads = layout_.find(SectionKind::kPayloadOffsets) != nullptr ||
                                  layout_.find(SectionKind::kPayloadBytes) != nullptr;
        if (has_payloads) {
            payload_offsets_ = require(SectionKind::kPayloadOffsets, offset_bytes, offset_meaning);
            payload_bytes_ = require(SectionKind::kPayloadBytes, {}, {});
        }
        choose_graph_sections();
    }

    // How long the links above the base layer must be is known with the levels.
    void choose_graph_sections() {
        graph_levels_ = layout_.find(SectionKind::kGraphLevels);
        const bool has_graph = graph_levels_ != nullptr ||
                               layout_.find(SectionKind::kGraphBaseLinks) != nullptr ||
                               layout_.find(SectionKind::kGraphUpperLinks) != nullptr;
        if (!has_graph) return;
        graph_levels_ = require(SectionKind::kGraphLevels, {}, {});
        if (contents_.index != SKEP_INDEX_HNSW) {
            refuse(*graph_levels_, "a graph in a collection whose index is not hnsw");
        }
        if (contents_.m < SKEP_MIN_GRAPH_LINKS || contents_.m > SKEP_MAX_GRAPH_LINKS) {
            refuse(*graph_levels_, fmt::format("m is {}; expected {} to {}", contents_.m,
                                               SKEP_MIN_GRAPH_LINKS, SKEP_MAX_GRAPH_LINKS));
        }
        const std::uint64_t num_linked = graph_levels_->length;
        if (num_linked > contents_.num_rows) {
            throw section_error(SKEP_FILE_IMPOSSIBLE_SIZE, file_, *graph_levels_,
                                fmt::format("length {}; expected at most one byte for each of {} "
                                            "rows",
                                            num_linked, contents_.num_rows));
        }
        const std::uint64_t list_bytes = 2 * contents_.m * sizeof(std::uint32_t);
        graph_base_ =
            require(SectionKind::kGraphBaseLinks, num_linked * list_bytes,
                    fmt::format("{} bytes of links for each of {} rows", list_bytes, num_linked));
        graph_upper_ = require(SectionKind::kGraphUpperLinks, {}, {});
    }

    // Maps or reads the sections and checks what must be checked byte by byte. What is returned
    // keeps them.
    std::shared_ptr<const void> load_sections() {
        std::shared_ptr<const void> owner;
        std::byte* buffer = nullptr;
        if (is_mapped_) {
            auto mapping = std::make_shared<const MappedFile>(file_);
            if (mapping->size() != layout_.header.file_bytes) {
                throw file_error(SKEP_FILE_TRUNCATED, "changed its size while it was opened");
            }
            image_ = mapping->data();
            owner = std::move(mapping);
        } else {
            auto memory = std::make_shared<FileBuffer>(layout_.header.file_bytes);
            buffer = memory->data();
            image_ = buffer;
            owner = std::move(memory);
        }
        const SectionEntry* const sections[] = {
            rows_,          key_offsets_,  keys_,       payload_offsets_,
            payload_bytes_, graph_levels_, graph_base_, graph_upper_};
        for (const SectionEntry* section : sections) {
            if (section != nullptr) total_bytes_ += section->length;
        }
        for (const SectionEntry* section : sections) {
            if (section != nullptr) load_section(*section, buffer);
        }
        return owner;
    }

    // `buffer` is null when the file is mapped.
    void load_section(const SectionEntry& section, std::byte* buffer) {
        if (buffer == nullptr && !verifies_) return;
        Checksum checksum;
        Complaint complaint;
        for (std::uint64_t begin = 0; begin < section.length; begin += kPieceBytes) {
            control_.check(file_.operation(), done_bytes_, total_bytes_).value();
            const std::uint64_t length = std::min(kPieceBytes, section.length - begin);
            const std::uint64_t offset = section.offset + begin;
            if (buffer != nullptr) file_.read(offset, buffer + offset, length);
            if (verifies_) {
                checksum.add(image_ + offset, length);
                if (&section == rows_ && !complaint) complaint = check_components(begin, length);
            }
            done_bytes_ += length;
        }
        if (!verifies_) return;
        // Damage explains a component that is not finite; so it is told first.
        if (checksum.value() != section.checksum) {
            throw section_error(SKEP_FILE_CORRUPT, file_, section,
                                fmt::format("checksum is {:016x}; its bytes give {:016x}",
                                            section.checksum, checksum.value()));
        }
        refuse(section, complaint);
    }

    [[nodiscard]] Complaint check_components(std::uint64_t begin, std::uint64_t length) const {
        const std::uint64_t size = element_bytes(contents_.dtype);
        const std::uint64_t count = length / size;
        const std::uint64_t bad =
            first_not_finite(contents_.dtype, image_ + rows_->offset + begin, count);
        if (bad == count) return {};
        const std::uint64_t position = begin / size + bad;
        return fmt::format("row {} component {} is not finite", position / contents_.dim,
                           position % contents_.dim);
    }

    void check_keys() {
        if (contents_.key_kind == SKEP_KEY_STRING) {
            contents_.key_offsets = elements_of<std::uint64_t>(key_offsets_);
            contents_.key_bytes = bytes_of(keys_);
            refuse(*key_offsets_, check_offsets(contents_.key_offsets, keys_->length));
            refuse(*keys_, check_string_keys(contents_.key_offsets, contents_.key_bytes));
        } else {
            contents_.u64_keys = elements_of<std::uint64_t>(keys_);
            refuse(*keys_, check_u64_keys(contents_.u64_keys));
        }
    }

    void check_payloads() {
        if (payload_offsets_ == nullptr) return;
        contents_.payload_offsets = elements_of<std::uint64_t>(payload_offsets_);
        contents_.payload_bytes = bytes_of(payload_bytes_);
        refuse(*payload_offsets_, check_offsets(contents_.payload_offsets, payload_bytes_->length));
    }

    void check_graph() {
        if (graph_levels_ == nullptr) return;
        GraphContents graph;
        graph.levels = elements_of<std::uint8_t>(graph_levels_);
        const std::uint64_t expected = num_upper_links(graph.levels, contents_.m);
        if (graph_upper_->length != expected * sizeof(std::uint32_t)) {
            throw section_error(SKEP_FILE_IMPOSSIBLE_SIZE, file_, *graph_upper_,
                                fmt::format("length {}; the levels ask for {} links of 4 bytes",
                                            graph_upper_->length, expected));
        }
        graph.base_links = elements_of<std::uint32_t>(graph_base_);
        graph.upper_links = elements_of<std::uint32_t>(graph_upper_);
        const SectionEntry& section = *graph_base_;
        refuse(section, check_links(graph, contents_.m));
        contents_.graph = graph;
    }

    void refuse(const SectionEntry& section, const Complaint& complaint) const {
        if (complaint) throw section_error(SKEP_FILE_CORRUPT, file_, section, *complaint);
    }

    [[nodiscard]] std::span<const std::byte> bytes_of(const SectionEntry* section) const {
        return {image_ + section->offset, section->length};
    }

    // Sections are page-aligned, so that elements in them are aligned.
    template <typename Element>
    [[nodiscard]] std::span<const Element> elements_of(const SectionEntry* section) const {
        return {reinterpret_cast<const Element*>(image_ + section->offset),
                section->length / sizeof(Element)};
    }

    File file_;
    bool verifies_;
    bool is_mapped_;
    CallControl& control_;
    ContainerLayout layout_;
    CollectionContents contents_;

    const SectionEntry* rows_ = nullptr;
    const SectionEntry* keys_ = nullptr;
    const SectionEntry* key_offsets_ = nullptr;
    const SectionEntry* payload_offsets_ = nullptr;
    const SectionEntry* payload_bytes_ = nullptr;
    const SectionEntry* graph_levels_ = nullptr;
    const SectionEntry* graph_base_ = nullptr;
    const SectionEntry* graph_upper_ = nullptr;
    const std::byte* image_ = nullptr;  // the file at its offsets, once loaded
    std::uint64_t done_bytes_ = 0;
    std::uint64_t total_bytes_ = 0;
};

}  // namespace

Result<LoadedCollection> read_collection_file(const std::string& path, std::uint32_t flags,
                                              CallControl& control) {
    try {
        return CollectionFileReader(path, flags, control).read();
    } catch (const Error& error) {
        return error;
    }
}

}  // namespace skep
