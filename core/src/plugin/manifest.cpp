// SPDX-License-Identifier: MIT
#include "plugin/manifest.hpp"

#include <algorithm>
#include <boost/json/stream_parser.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <filesystem>
#include <initializer_list>

#include "plugin/json_position.hpp"

namespace skep {
namespace {

namespace json = boost::json;

// A manifest nests three levels; a parser that is fed hundreds would recurse.
constexpr std::size_t kMaxDepth = 8;
constexpr std::size_t kMaxNameBytes = 32;
constexpr std::size_t kMaxVersionBytes = 31;  // skep_backend_info.version, with its end
constexpr std::size_t kMaxListItems = 64;

// Reads members of one manifest and throws an Error with the place of whatever is wrong.
class ManifestReader {
  public:
    ManifestReader(std::string_view text, const std::string& path) : text_(text), path_(path) {}

    Manifest read() {
        const json::value document = parse();
        positions_ = find_json_members(text_);
        if (positions_.repeated) {
            throw at(positions_.repeated_offset,
                     "member '" + *positions_.repeated + "' appears twice");
        }
        if (!document.is_object()) throw at(0, "expected an object, '{'");
        const json::object& object = document.get_object();

        // The schema first: a newer one may have members that mean nothing to us.
        const std::int64_t schema = integer(object, "", "skep_manifest");
        if (schema != static_cast<std::int64_t>(kManifestSchema)) {
            throw at_member("skep_manifest", "is " + std::to_string(schema) +
                                                 "; this libskep reads " +
                                                 std::to_string(kManifestSchema));
        }
        refuse_unknown(object, "",
                       {"skep_manifest", "name", "library", "version", "description", "abi",
                        "priority", "requires"});
        Manifest manifest;
        manifest.name = backend_name(object);
        manifest.library = library_name(object);
        manifest.abi = abi_range(object);
        if (object.contains("version")) manifest.version = text(object, "", "version");
        if (manifest.version.size() > kMaxVersionBytes) {
            throw at_member("version", "has " + std::to_string(manifest.version.size()) +
                                           " bytes; expected at most " +
                                           std::to_string(kMaxVersionBytes));
        }
        if (object.contains("description")) manifest.description = text(object, "", "description");
        if (object.contains("priority")) {
            manifest.priority = static_cast<std::int32_t>(
                integer_between(object, "", "priority", -1'000'000, 1'000'000));
        }
        if (object.contains("requires")) read_requirements(object, manifest);
        return manifest;
    }

  private:
    json::value parse() const {
        json::parse_options options;
        options.max_depth = kMaxDepth;
        json::stream_parser parser(json::storage_ptr(), options);
        json::error_code failure;
        const std::size_t consumed = parser.write_some(text_.data(), text_.size(), failure);
        if (!failure && !parser.done()) parser.finish(failure);
        if (!failure) {
            const std::size_t rest = text_.find_first_not_of(" \t\r\n", consumed);
            if (rest != std::string_view::npos) throw at(rest, "expected the end of the file");
            return parser.release();
        }
        throw at(consumed, "not JSON: " + failure.message());
    }

    [[nodiscard]] Error at(std::size_t offset, const std::string& problem) const {
        const TextPosition position = position_at(text_, offset);
        return Error(SKEP_MANIFEST_INVALID,
                     path_ + ":" + std::to_string(position.line) + ":" +
                         std::to_string(position.column) + ": " + problem,
                     SKEP_LAYER_LOADER);
    }
    [[nodiscard]] Error at_member(const std::string& member, const std::string& problem) const {
        const auto found = positions_.offsets.find(member);
        const std::size_t offset = found == positions_.offsets.end() ? 0 : found->second;
        return at(offset, "member '" + member + "' " + problem);
    }

    static std::string joined(const std::string& parent, std::string_view name) {
        return parent.empty() ? std::string(name) : parent + "." + std::string(name);
    }

    void refuse_unknown(const json::object& object, const std::string& parent,
                        std::initializer_list<std::string_view> known) const {
        for (const auto& member : object) {
            const std::string_view name(member.key().data(), member.key().size());
            if (std::find(known.begin(), known.end(), name) != known.end()) continue;
            std::string expected;
            for (const std::string_view one : known) {
                expected += (expected.empty() ? "" : ", ") + std::string(one);
            }
            throw at_member(joined(parent, name), "is unknown; expected one of " + expected);
        }
    }

    const json::value& required(const json::object& object, const std::string& parent,
                                std::string_view name) const {
        const json::value* const value = object.if_contains({name.data(), name.size()});
        if (value != nullptr) return *value;
        const auto found = positions_.offsets.find(parent);
        throw at(found == positions_.offsets.end() ? 0 : found->second,
                 "member '" + joined(parent, name) + "' is missing");
    }

    std::string text(const json::object& object, const std::string& parent,
                     std::string_view name) const {
        const json::value& value = required(object, parent, name);
        if (!value.is_string()) throw wrong_kind(joined(parent, name), value, "a text");
        const std::string result(value.get_string());
        const bool has_control = std::any_of(result.begin(), result.end(), [](char byte) {
            return static_cast<unsigned char>(byte) < 0x20U;
        });
        if (has_control) throw at_member(joined(parent, name), "contains a control character");
        return result;
    }

    std::int64_t integer(const json::object& object, const std::string& parent,
                         std::string_view name) const {
        const json::value& value = required(object, parent, name);
        if (!value.is_int64()) throw wrong_kind(joined(parent, name), value, "an integer");
        return value.get_int64();
    }

    std::int64_t integer_between(const json::object& object, const std::string& parent,
                                 std::string_view name, std::int64_t lowest,
                                 std::int64_t highest) const {
        const std::int64_t value = integer(object, parent, name);
        if (value >= lowest && value <= highest) return value;
        throw at_member(joined(parent, name), "is " + std::to_string(value) + "; expected " +
                                                  std::to_string(lowest) + " to " +
                                                  std::to_string(highest));
    }

    [[nodiscard]] Error wrong_kind(const std::string& member, const json::value& value,
                                   const std::string& expected) const {
        const json::string_view kind = json::to_string(value.kind());
        return at_member(member,
                         "is " + std::string(kind.data(), kind.size()) + "; expected " + expected);
    }

    std::string backend_name(const json::object& object) const {
        std::string name = text(object, "", "name");
        const auto is_lower = [](char byte) { return byte >= 'a' && byte <= 'z'; };
        const bool is_good =
            !name.empty() && name.size() <= kMaxNameBytes && is_lower(name[0]) &&
            std::all_of(name.begin(), name.end(), [&](char byte) {
                return is_lower(byte) || (byte >= '0' && byte <= '9') || byte == '_' || byte == '-';
            });
        if (!is_good) {
            throw at_member("name", "is '" + name +
                                        "'; expected a lower-case letter, then letters, digits, "
                                        "'_' or '-', at most " +
                                        std::to_string(kMaxNameBytes) + " in all");
        }
        if (name == "auto") throw at_member("name", "is 'auto', which asks for any backend");
        return name;
    }

    std::string library_name(const json::object& object) const {
        std::string name = text(object, "", "library");
        if (name.empty()) throw at_member("library", "is empty");
        const std::filesystem::path path(name);
        if (path.is_absolute()) {
            throw at_member("library", "is '" + name +
                                           "', an absolute path; expected one relative to the "
                                           "manifest");
        }
        for (const std::filesystem::path& part : path) {
            if (part == "..") {
                throw at_member("library", "is '" + name + "'; '..' would leave the folder");
            }
        }
        if (!path.has_filename() || path.filename() == ".") {
            throw at_member("library", "is '" + name + "', which is no file name");
        }
        return name;
    }

    AbiRange abi_range(const json::object& object) const {
        const json::value& value = required(object, "", "abi");
        if (!value.is_object()) throw wrong_kind("abi", value, "an object");
        const json::object& abi = value.get_object();
        refuse_unknown(abi, "abi", {"min", "max"});
        constexpr std::int64_t kMost = 1'000'000;
        AbiRange range;
        range.min = static_cast<std::uint32_t>(integer_between(abi, "abi", "min", 0, kMost));
        range.max = static_cast<std::uint32_t>(integer_between(abi, "abi", "max", 0, kMost));
        if (range.min > range.max) {
            throw at_member("abi.min", "is " + std::to_string(range.min) + ", above the maximum, " +
                                           std::to_string(range.max));
        }
        return range;
    }

    std::vector<std::string> text_list(const json::object& object, const std::string& parent,
                                       std::string_view name) const {
        const std::string member = joined(parent, name);
        const json::value& value = required(object, parent, name);
        if (!value.is_array()) throw wrong_kind(member, value, "an array of texts");
        if (value.get_array().size() > kMaxListItems) {
            throw at_member(member, "has " + std::to_string(value.get_array().size()) +
                                        " items; expected at most " +
                                        std::to_string(kMaxListItems));
        }
        std::vector<std::string> items;
        for (const json::value& item : value.get_array()) {
            if (!item.is_string()) throw wrong_kind(member, item, "an array of texts");
            items.emplace_back(item.get_string());
            if (items.back().empty() ||
                items.back().find_first_of({"/\0", 2}) != std::string::npos) {
                throw at_member(member, "contains '" + items.back() + "'; expected a plain name");
            }
        }
        return items;
    }

    void read_requirements(const json::object& object, Manifest& manifest) const {
        const json::value& value = object.at("requires");
        if (!value.is_object()) throw wrong_kind("requires", value, "an object");
        const json::object& needs = value.get_object();
        refuse_unknown(needs, "requires", {"cpu_features", "driver_libraries"});
        if (needs.contains("cpu_features")) {
            manifest.cpu_features = text_list(needs, "requires", "cpu_features");
        }
        if (needs.contains("driver_libraries")) {
            manifest.driver_libraries = text_list(needs, "requires", "driver_libraries");
        }
    }

    std::string_view text_;
    const std::string& path_;
    JsonPositions positions_;
};

}  // namespace

Result<Manifest> parse_manifest(std::string_view text, const std::string& path) {
    if (text.size() > kMaxManifestBytes) {
        return Error(SKEP_MANIFEST_INVALID,
                     path + ":1:1: has " + std::to_string(text.size()) +
                         " bytes; expected at most " + std::to_string(kMaxManifestBytes),
                     SKEP_LAYER_LOADER);
    }
    try {
        return ManifestReader(text, path).read();
    } catch (const Error& error) {
        return error;
    }
}

}  // namespace skep
