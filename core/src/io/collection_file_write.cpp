// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstdint>
#include <memory>

#include "io/collection_file.hpp"
#include "io/collection_metadata.hpp"
#include "io/container_writer.hpp"
#include "skep/common/assert.hpp"
#include "skep/common/element_type.hpp"

namespace skep {
namespace {

// Rows are fetched from the device in pieces of this size: large enough that a transfer pays,
// small beside the collection.
constexpr std::size_t kRowBlockBytes = std::size_t{4} << 20U;

void check_contents(const CollectionContents& contents) {
    const bool has_string_keys = contents.key_kind == SKEP_KEY_STRING;
    SKEP_ASSERT(element_bytes(contents.dtype) != 0 && contents.dim > 0, "rows have a size");
    SKEP_ASSERT(has_string_keys || contents.u64_keys.size() == contents.num_rows,
                "every row has a u64 key");
    SKEP_ASSERT(!has_string_keys || (contents.key_offsets.size() == contents.num_rows + 1 &&
                                     contents.key_offsets.front() == 0 &&
                                     contents.key_offsets.back() == contents.key_bytes.size()),
                "every row has a string key");
    SKEP_ASSERT(contents.payload_offsets.empty() ||
                    (contents.payload_offsets.size() == contents.num_rows + 1 &&
                     contents.payload_offsets.front() == 0 &&
                     contents.payload_offsets.back() == contents.payload_bytes.size()),
                "payload offsets cover the payload bytes");
    const GraphContents& graph = contents.graph;
    SKEP_ASSERT(!graph.is_there() ||
                    (graph.levels.size() <= contents.num_rows &&
                     graph.base_links.size() == graph.levels.size() * 2 * contents.m &&
                     graph.upper_links.size() == num_upper_links(graph.levels, contents.m)),
                "a graph has the links that its levels ask for");
}

template <typename Element>
void write_section(ContainerWriter& writer, SectionKind kind, std::span<const Element> elements) {
    writer.begin_section(kind);
    writer.write(elements.data(), elements.size_bytes());
}

void write_rows(ContainerWriter& writer, const CollectionContents& contents,
                const RowSource& rows) {
    const std::size_t row_bytes = contents.dim * element_bytes(contents.dtype);
    const std::uint64_t block_rows = std::max<std::uint64_t>(1, kRowBlockBytes / row_bytes);
    const std::uint64_t buffer_rows = std::min(block_rows, contents.num_rows);
    const auto buffer = std::make_unique_for_overwrite<std::byte[]>(buffer_rows * row_bytes);
    writer.begin_section(SectionKind::kRows);
    for (std::uint64_t first = 0; first < contents.num_rows; first += block_rows) {
        const std::uint64_t count = std::min(block_rows, contents.num_rows - first);
        rows(first, count, buffer.get()).value();
        writer.write(buffer.get(), count * row_bytes);
    }
}

void write_file(const std::string& path, const CollectionContents& contents, const RowSource& rows,
                CallControl& control) {
    check_contents(contents);
    const bool has_string_keys = contents.key_kind == SKEP_KEY_STRING;
    const bool has_payloads = !contents.payload_offsets.empty();
    const std::string metadata = write_metadata(contents);

    std::uint32_t num_sections = 3;  // metadata, rows, keys
    std::uint64_t total_bytes =
        metadata.size() + contents.num_rows * contents.dim * element_bytes(contents.dtype);
    if (has_string_keys) {
        num_sections += 1;
        total_bytes += contents.key_offsets.size_bytes() + contents.key_bytes.size_bytes();
    } else {
        total_bytes += contents.u64_keys.size_bytes();
    }
    if (has_payloads) {
        num_sections += 2;
        total_bytes += contents.payload_offsets.size_bytes() + contents.payload_bytes.size_bytes();
    }

    const bool has_graph = contents.graph.is_there();
    if (has_graph) {
        num_sections += 3;
        total_bytes += contents.graph.levels.size_bytes() + contents.graph.base_links.size_bytes() +
                       contents.graph.upper_links.size_bytes();
    }

    ContainerWriter writer(path, "save", num_sections, total_bytes, control);
    write_section<char>(writer, SectionKind::kMetadata, metadata);
    write_rows(writer, contents, rows);
    if (has_string_keys) {
        write_section(writer, SectionKind::kKeyOffsets, contents.key_offsets);
        write_section(writer, SectionKind::kKeys, contents.key_bytes);
    } else {
        write_section(writer, SectionKind::kKeys, contents.u64_keys);
    }
    if (has_payloads) {
        write_section(writer, SectionKind::kPayloadOffsets, contents.payload_offsets);
        write_section(writer, SectionKind::kPayloadBytes, contents.payload_bytes);
    }
    if (has_graph) {
        write_section(writer, SectionKind::kGraphLevels, contents.graph.levels);
        write_section(writer, SectionKind::kGraphBaseLinks, contents.graph.base_links);
        write_section(writer, SectionKind::kGraphUpperLinks, contents.graph.upper_links);
    }
    writer.commit();
}

}  // namespace

Result<void> write_collection_file(const std::string& path, const CollectionContents& contents,
                                   const RowSource& rows, CallControl& control) {
    try {
        write_file(path, contents, rows, control);
        return {};
    } catch (const Error& error) {
        return error;
    }
}

}  // namespace skep
