// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "io/collection_file.hpp"
#include "io/collection_metadata.hpp"
#include "io/container_reader.hpp"

namespace skep {
namespace {

namespace json = boost::json;

std::string describe(const std::string& path) {
    const File file = File::open_for_reading(path, "describe");
    const ContainerLayout layout = read_container_layout(file);
    json::object metadata = read_metadata(file, layout);
    // What is shown is what opening would accept.
    static_cast<void>(parse_metadata(metadata, file, layout));

    json::array sections;
    for (const SectionEntry& section : layout.sections) {
        json::object described;
        described["name"] = section_name(section.kind);
        described["kind"] = section.kind;
        described["offset"] = section.offset;
        described["bytes"] = section.length;
        described["checksum"] = fmt::format("{:016x}", section.checksum);
        sections.push_back(std::move(described));
    }
    json::object description;
    description["format"] =
        fmt::format("{}.{}", layout.header.format_major, layout.header.format_minor);
    description["file_bytes"] = layout.header.file_bytes;
    description["collection"] = std::move(metadata);
    description["sections"] = std::move(sections);
    return json::serialize(description);
}

}  // namespace

Result<std::string> describe_collection_file(const std::string& path) {
    try {
        return describe(path);
    } catch (const Error& error) {
        return error;
    }
}

}  // namespace skep
