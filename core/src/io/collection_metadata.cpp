// SPDX-License-Identifier: MIT
#include "io/collection_metadata.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "io/checksum.hpp"
#include "skep/common/assert.hpp"
#include "skep/common/element_type.hpp"

namespace skep {
namespace {

namespace json = boost::json;

// Names in files, at the position of their number. They outlive any renaming of the API.
constexpr std::array<std::string_view, 3> kMetricNames = {"cosine", "l2", "inner_product"};
constexpr std::array<std::string_view, 5> kDtypeNames = {"f32", "f16", "bf16", "i8", "u8"};
constexpr std::array<std::string_view, 2> kIndexNames = {"flat", "hnsw"};
constexpr std::array<std::string_view, 2> kKeyKindNames = {"u64", "string"};
static_assert(SKEP_METRIC_COSINE == 0 && SKEP_METRIC_L2 == 1 && SKEP_METRIC_INNER_PRODUCT == 2);
static_assert(SKEP_DTYPE_F32 == 0 && SKEP_DTYPE_F16 == 1 && SKEP_DTYPE_BF16 == 2 &&
              SKEP_DTYPE_I8 == 3 && SKEP_DTYPE_U8 == 4);
static_assert(SKEP_INDEX_FLAT == 0 && SKEP_INDEX_HNSW == 1);
static_assert(SKEP_KEY_U64 == 0 && SKEP_KEY_STRING == 1);

json::string_view name_at(std::span<const std::string_view> names, std::int32_t number) {
    SKEP_ASSERT(number >= 0 && static_cast<std::size_t>(number) < names.size(),
                "the collection has only enumerators that files can name");
    const std::string_view name = names[static_cast<std::size_t>(number)];
    return {name.data(), name.size()};
}

// Reads fields of one object; every message names the field, what it is and what it should be.
class MetadataFields {
  public:
    MetadataFields(const json::object& metadata, const File& file, const ContainerLayout& layout)
        : metadata_(metadata), file_(file), layout_(layout) {}

    [[nodiscard]] std::uint64_t number(const char* field, std::uint64_t lowest,
                                       std::uint64_t highest,
                                       skep_status status_out_of_range = SKEP_FILE_CORRUPT) const {
        const json::value& value = member(field);
        const std::string expected = fmt::format("a whole number from {} to {}", lowest, highest);
        boost::system::error_code failure;
        const auto result = value.to_number<std::uint64_t>(failure);
        if (failure || value.is_double()) {
            throw unexpected(SKEP_FILE_CORRUPT, field, value, expected);
        }
        if (result < lowest || result > highest) {
            throw unexpected(status_out_of_range, field, value, expected);
        }
        return result;
    }

    // The position of the field's text among `names`.
    [[nodiscard]] std::int32_t choice(const char* field,
                                      std::span<const std::string_view> names) const {
        const json::value& value = member(field);
        const std::string expected = fmt::format("one of {}", fmt::join(names, ", "));
        if (!value.is_string()) throw unexpected(SKEP_FILE_CORRUPT, field, value, expected);
        const json::string& text = value.get_string();
        for (std::size_t position = 0; position < names.size(); ++position) {
            if (std::string_view(text.data(), text.size()) == names[position]) {
                return static_cast<std::int32_t>(position);
            }
        }
        // A newer minor version may have added a name.
        const bool is_newer = layout_.header.format_minor > SKEP_FILE_VERSION_MINOR;
        throw unexpected(is_newer ? SKEP_FILE_TOO_NEW : SKEP_FILE_CORRUPT, field, value, expected);
    }

    // The objects of a field that may be absent.
    [[nodiscard]] std::vector<MetadataFields> objects(const char* field, std::size_t most) const {
        std::vector<MetadataFields> objects;
        const json::value* value = metadata_.if_contains(field);
        if (value == nullptr) return objects;
        const json::array* array = value->if_array();
        const bool are_objects =
            array != nullptr && array->size() <= most &&
            std::all_of(array->begin(), array->end(),
                        [](const json::value& item) { return item.is_object(); });
        if (!are_objects) {
            throw unexpected(SKEP_FILE_CORRUPT, field, *value,
                             fmt::format("an array of at most {} objects", most));
        }
        for (const json::value& item : *array)
            objects.emplace_back(item.get_object(), file_, layout_);
        return objects;
    }

  private:
    [[nodiscard]] Error error(skep_status status, const std::string& text) const {
        return section_error(status, file_, *layout_.find(SectionKind::kMetadata), text);
    }

    [[nodiscard]] const json::value& member(const char* field) const {
        const json::value* value = metadata_.if_contains(field);
        if (value == nullptr) {
            throw error(SKEP_FILE_CORRUPT, fmt::format("field '{}' is missing", field));
        }
        return *value;
    }

    [[nodiscard]] Error unexpected(skep_status status, const char* field, const json::value& value,
                                   const std::string& expected) const {
        constexpr std::size_t kMaxShownBytes = 64;
        std::string shown = json::serialize(value);
        if (shown.size() > kMaxShownBytes) shown = shown.substr(0, kMaxShownBytes) + "...";
        return error(status, fmt::format("field '{}' is {}; expected {}", field, shown, expected));
    }

    const json::object& metadata_;
    const File& file_;
    const ContainerLayout& layout_;
};

}  // namespace

std::string write_metadata(const CollectionContents& contents) {
    json::object metadata;
    metadata["dim"] = contents.dim;
    metadata["metric"] = name_at(kMetricNames, contents.metric);
    metadata["dtype"] = name_at(kDtypeNames, contents.dtype);
    metadata["index"] = name_at(kIndexNames, contents.index);
    metadata["m"] = contents.m;
    metadata["ef_construction"] = contents.ef_construction;
    metadata["seed"] = contents.seed;
    metadata["key_kind"] = name_at(kKeyKindNames, contents.key_kind);
    metadata["next_u64_key"] = contents.next_u64_key;
    metadata["num_rows"] = contents.num_rows;
    if (contents.calibrations.empty()) return json::serialize(metadata);
    json::array calibrations;
    for (const Calibration& calibration : contents.calibrations) {
        calibrations.push_back({{"k", calibration.k},
                                {"recall_millionths", calibration.recall_millionths},
                                {"ef_search", calibration.ef_search},
                                {"num_rows", calibration.num_rows}});
    }
    metadata["calibrations"] = std::move(calibrations);
    return json::serialize(metadata);
}

json::object read_metadata(const File& file, const ContainerLayout& layout) {
    const SectionEntry* section = layout.find(SectionKind::kMetadata);
    if (section == nullptr) {
        throw file_error(SKEP_FILE_CORRUPT, file.operation(), file.path(),
                         "has no section 'metadata'");
    }
    if (section->length > kMaxMetadataBytes) {
        throw section_error(
            SKEP_FILE_IMPOSSIBLE_SIZE, file, *section,
            fmt::format("length {}; expected at most {}", section->length, kMaxMetadataBytes));
    }
    std::string text(section->length, '\0');
    file.read(section->offset, text.data(), text.size());
    // Small, so that it is checked even where the caller trusts the rest.
    const std::uint64_t checksum = checksum_of(text.data(), text.size());
    if (checksum != section->checksum) {
        throw section_error(SKEP_FILE_CORRUPT, file, *section,
                            fmt::format("checksum is {:016x}; its bytes give {:016x}",
                                        section->checksum, checksum));
    }
    boost::system::error_code failure;
    json::value value = json::parse(json::string_view(text.data(), text.size()), failure);
    if (failure) {
        throw section_error(SKEP_FILE_CORRUPT, file, *section,
                            "is no JSON text: " + failure.message());
    }
    if (!value.is_object()) {
        throw section_error(SKEP_FILE_CORRUPT, file, *section, "is no JSON object");
    }
    return std::move(value.get_object());
}

CollectionContents parse_metadata(const json::object& metadata, const File& file,
                                  const ContainerLayout& layout) {
    constexpr std::uint64_t kMaxU32 = std::numeric_limits<std::uint32_t>::max();
    constexpr std::uint64_t kMaxU64 = std::numeric_limits<std::uint64_t>::max();
    const MetadataFields fields(metadata, file, layout);
    CollectionContents contents;
    contents.dim = static_cast<std::uint32_t>(
        fields.number("dim", 1, SKEP_MAX_DIM, SKEP_FILE_IMPOSSIBLE_SIZE));
    contents.metric = fields.choice("metric", kMetricNames);
    contents.dtype = fields.choice("dtype", kDtypeNames);
    contents.index = fields.choice("index", kIndexNames);
    contents.m = static_cast<std::uint32_t>(fields.number("m", 0, kMaxU32));
    contents.ef_construction =
        static_cast<std::uint32_t>(fields.number("ef_construction", 0, kMaxU32));
    contents.seed = fields.number("seed", 0, kMaxU64);
    contents.key_kind = fields.choice("key_kind", kKeyKindNames);
    contents.next_u64_key = fields.number("next_u64_key", 0, kMaxU64);
    contents.num_rows = fields.number("num_rows", 0, SKEP_MAX_ROWS, SKEP_FILE_IMPOSSIBLE_SIZE);
    for (const MetadataFields& item : fields.objects("calibrations", kMaxCalibrations)) {
        Calibration calibration;
        calibration.k = item.number("k", 1, kMaxU64);
        calibration.recall_millionths =
            static_cast<std::uint32_t>(item.number("recall_millionths", 1, 1'000'000));
        calibration.ef_search =
            static_cast<std::uint32_t>(item.number("ef_search", 1, SKEP_MAX_ROWS));
        calibration.num_rows = item.number("num_rows", 1, SKEP_MAX_ROWS);
        contents.calibrations.push_back(calibration);
    }
    return contents;
}

}  // namespace skep
