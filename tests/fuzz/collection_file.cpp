// SPDX-License-Identifier: MIT
// A .skep file of any content. Random bytes never have right checksums, so that each input is tried
// a second time with all of them made right: that reaches the checks behind them.
#include "io/collection_file.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <vector>

#include "fuzz/fuzz_target.hpp"
#include "fuzz/scratch_file.hpp"
#include "io/checksum.hpp"
#include "io/container_format.hpp"
#include "skep/common/element_type.hpp"

namespace skep {
namespace {

using Bytes = std::vector<std::uint8_t>;

// Makes header, table and section checksums right as far as they lie within the bytes.
void repair_checksums(Bytes& bytes) {
    if (bytes.size() < sizeof(ContainerHeader)) return;
    ContainerHeader header{};
    std::memcpy(&header, bytes.data(), sizeof header);
    header.magic = kContainerMagic;
    header.format_major = 1;
    const std::uint64_t table_bytes = header.num_sections * sizeof(SectionEntry);
    if (header.table_offset <= bytes.size() && table_bytes <= bytes.size() - header.table_offset) {
        for (std::uint32_t i = 0; i < header.num_sections; ++i) {
            std::uint8_t* place = bytes.data() + header.table_offset + i * sizeof(SectionEntry);
            SectionEntry entry{};
            std::memcpy(&entry, place, sizeof entry);
            if (entry.offset > bytes.size() || entry.length > bytes.size() - entry.offset) continue;
            entry.checksum = checksum_of(bytes.data() + entry.offset, entry.length);
            std::memcpy(place, &entry, sizeof entry);
        }
        header.table_checksum = checksum_of(bytes.data() + header.table_offset, table_bytes);
    }
    header.file_bytes = bytes.size();
    header.header_checksum = checksum_of(&header, offsetof(ContainerHeader, header_checksum));
    std::memcpy(bytes.data(), &header, sizeof header);
}

// Touches every byte that a collection would use. Aborts if what was accepted breaks a promise of
// collection_file.hpp.
void use(const LoadedCollection& loaded, bool was_verified) {
    const CollectionContents& contents = loaded.contents;
    const std::uint64_t num_components = contents.num_rows * contents.dim;
    const bool is_finite =
        first_not_finite(contents.dtype, loaded.rows.data, num_components) == num_components;
    if (was_verified && !is_finite) std::abort();
    if (contents.key_kind == SKEP_KEY_U64 && contents.u64_keys.size() != contents.num_rows) {
        std::abort();
    }
    const auto sum_items = [&](std::span<const std::uint64_t> offsets,
                               std::span<const std::byte> bytes) {
        unsigned sum = 0;
        for (std::uint64_t row = 0; !offsets.empty() && row < contents.num_rows; ++row) {
            for (std::uint64_t at = offsets[row]; at < offsets[row + 1]; ++at) {
                sum += static_cast<unsigned>(bytes[at]);
            }
        }
        return sum;
    };
    // A walk along every link stays within the rows.
    const GraphContents& graph = contents.graph;
    if (graph.levels.size() > contents.num_rows) std::abort();
    for (const auto links : {graph.base_links, graph.upper_links}) {
        for (const std::uint32_t link : links) {
            if (link != SKEP_NO_SLOT && link >= graph.levels.size()) std::abort();
        }
    }
    volatile unsigned sum = sum_items(contents.key_offsets, contents.key_bytes) +
                            sum_items(contents.payload_offsets, contents.payload_bytes);
    static_cast<void>(sum);
}

void open_in_every_way(const Bytes& bytes) {
    const std::string path = fuzz::write_scratch_file(".skep", bytes.data(), bytes.size());
    const auto control = CallControl::create(nullptr).value();
    for (const std::uint32_t flags : {0U, std::uint32_t{SKEP_OPEN_MAP},
                                      std::uint32_t{SKEP_OPEN_MAP | SKEP_OPEN_SKIP_CHECKSUMS}}) {
        const auto loaded = read_collection_file(path, flags, *control);
        if (loaded) use(*loaded, (flags & SKEP_OPEN_SKIP_CHECKSUMS) == 0);
    }
    static_cast<void>(describe_collection_file(path));
    std::filesystem::remove(path);
}

}  // namespace
}  // namespace skep

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    skep::Bytes bytes(data, data + size);
    skep::open_in_every_way(bytes);
    skep::repair_checksums(bytes);
    skep::open_in_every_way(bytes);
    return 0;
}
