// SPDX-License-Identifier: MIT
// Files that are cut, flipped or made to deceive: each is refused with its own sentence, or holds
// what was saved.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <ostream>
#include <random>

#include "io/collection_file.hpp"
#include "support/collection_sample.hpp"
#include "support/temporary_folder.hpp"
#include "unit/core/io/container_bytes.hpp"

namespace skep {
namespace {

using testing::ContainerBytes;
using ::testing::HasSubstr;
using testing::make_sample;
using testing::no_control;
using testing::TemporaryFolder;

constexpr std::uint32_t kAllFlags[] = {0U, SKEP_OPEN_MAP, SKEP_OPEN_SKIP_CHECKSUMS,
                                       SKEP_OPEN_MAP | SKEP_OPEN_SKIP_CHECKSUMS};

std::string saved_bytes(const testing::SampleShape& shape) {
    const TemporaryFolder folder;
    const auto sample = make_sample(shape);
    write_collection_file(folder / "a.skep", sample->contents, sample->row_source(), *no_control())
        .value();
    return testing::read_bytes(folder / "a.skep");
}

// Every byte that a collection would use, so that a sanitizer sees each access.
std::string everything_in(const LoadedCollection& loaded) {
    const CollectionContents& contents = loaded.contents;
    std::string all;
    const auto add = [&all](const void* data, std::size_t num_bytes) {
        all.append(static_cast<const char*>(data), num_bytes);
        all.push_back('|');
    };
    add(loaded.rows.data, contents.num_rows * contents.dim * element_bytes(contents.dtype));
    add(contents.u64_keys.data(), contents.u64_keys.size_bytes());
    add(contents.payload_offsets.data(), contents.payload_offsets.size_bytes());
    for (std::uint64_t row = 0; row < contents.num_rows; ++row) {
        const auto add_item = [&](std::span<const std::uint64_t> offsets,
                                  std::span<const std::byte> bytes) {
            if (!offsets.empty()) add(bytes.data() + offsets[row], offsets[row + 1] - offsets[row]);
        };
        add_item(contents.key_offsets, contents.key_bytes);
        add_item(contents.payload_offsets, contents.payload_bytes);
    }
    return all;
}

class DamagedFile : public ::testing::Test {
  protected:
    Result<LoadedCollection> open(const std::string& bytes, std::uint32_t flags = 0) {
        testing::write_bytes(path_, bytes);
        return read_collection_file(path_, flags, *no_control());
    }

    // Refused alike, whether it is read or mapped.
    void expect_refused(const std::string& bytes, skep_status status, const std::string& text) {
        for (const std::uint32_t flags : {0U, std::uint32_t{SKEP_OPEN_MAP}}) {
            const auto result = open(bytes, flags);
            ASSERT_FALSE(result) << text;
            EXPECT_EQ(result.error().status(), status) << result.error().message();
            EXPECT_THAT(result.error().message(), HasSubstr("open: '" + path_ + "'"));
            EXPECT_THAT(result.error().message(), HasSubstr(text));
        }
    }

    TemporaryFolder folder_;
    std::string path_ = folder_ / "damaged.skep";
};

const testing::SampleShape kStringShape{SKEP_DTYPE_F32, 5, 20, SKEP_KEY_STRING, true, 17};
const testing::SampleShape kU64Shape{SKEP_DTYPE_F32, 4, 6, SKEP_KEY_U64, false, 18};

TEST_F(DamagedFile, RefusesEveryTruncation) {
    const std::string bytes = saved_bytes(kStringShape);
    std::mt19937_64 engine(20'251);
    for (int round = 0; round < 1000; ++round) {
        // Half of them among the first bytes, where the structure is.
        const std::size_t size = engine() % (round % 2 == 0 ? bytes.size() : 600U);
        const auto result = open(bytes.substr(0, size), kAllFlags[engine() % 4]);
        ASSERT_FALSE(result) << size;
        ASSERT_EQ(result.error().status(), SKEP_FILE_TRUNCATED)
            << size << ": " << result.error().message();
    }
}

TEST_F(DamagedFile, RefusesEveryFlippedBitOutsideOfPadding) {
    const std::string bytes = saved_bytes(kStringShape);
    const ContainerBytes parsed = ContainerBytes::parse(bytes);
    std::vector<bool> is_covered(bytes.size(), false);
    const auto cover = [&](std::size_t offset, std::size_t length) {
        for (std::size_t i = 0; i < length; ++i)
            is_covered[offset + i] = true;
    };
    cover(0, sizeof(ContainerHeader) + parsed.sections.size() * sizeof(SectionEntry));
    for (const auto& section : parsed.sections)
        cover(section.entry.offset, section.entry.length);
    std::vector<std::size_t> covered;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (is_covered[i]) covered.push_back(i);
    }
    const std::string intact = everything_in(open(bytes).value());

    std::mt19937_64 engine(20'252);
    int num_padding_flips = 0;
    for (int round = 0; round < 1000; ++round) {
        const std::size_t position =
            round % 4 == 0 ? engine() % bytes.size() : covered[engine() % covered.size()];
        std::string flipped = bytes;
        flipped[position] = static_cast<char>(flipped[position] ^ (1 << (engine() % 8)));
        const std::uint32_t flags = round % 2 == 0 ? 0U : std::uint32_t{SKEP_OPEN_MAP};

        const auto result = open(flipped, flags);

        if (is_covered[position]) {
            ASSERT_FALSE(result) << "byte " << position;
        } else {
            ASSERT_TRUE(result) << result.error().message();
            ASSERT_EQ(everything_in(*result), intact);
            ++num_padding_flips;
        }
    }
    EXPECT_GT(num_padding_flips, 0);
}

TEST_F(DamagedFile, NeverReadsOutOfBoundsWithoutChecksums) {
    for (const auto& shape : {kStringShape, kU64Shape}) {
        const std::string bytes = saved_bytes(shape);
        const ContainerBytes parsed = ContainerBytes::parse(bytes);
        std::mt19937_64 engine(20'253);
        for (int round = 0; round < 1000; ++round) {
            const auto& section = parsed.sections[engine() % parsed.sections.size()];
            if (section.content.empty()) continue;
            const std::size_t position = section.entry.offset + engine() % section.entry.length;
            std::string flipped = bytes;
            flipped[position] = static_cast<char>(flipped[position] ^ (1 << (engine() % 8)));

            const auto result = open(flipped, kAllFlags[2 + engine() % 2]);

            if (result) static_cast<void>(everything_in(*result));
        }
    }
}

TEST_F(DamagedFile, RefusesRandomBytesBehindARightMagic) {
    std::mt19937_64 engine(20'254);
    for (int round = 0; round < 300; ++round) {
        std::string bytes(64 + engine() % 4000, '\0');
        for (char& byte : bytes)
            byte = static_cast<char>(engine());
        std::memcpy(bytes.data(), kContainerMagic.data(), kContainerMagic.size());
        bytes.replace(8, 8, std::string("\1\0\0\0\0\0\0\0", 8));
        EXPECT_FALSE(open(bytes));
    }
}

// --- headers and tables that deceive, with right checksums ---

struct BadTable {
    const char* name;
    skep_status status;
    const char* text;
    void (*break_table)(std::vector<SectionEntry>&);
    void (*break_header)(ContainerHeader&);
};

void PrintTo(const BadTable& bad, std::ostream* out) {
    *out << bad.name;
}

class DeceivingTable : public DamagedFile, public ::testing::WithParamInterface<BadTable> {};

TEST_P(DeceivingTable, IsRefused) {
    const ContainerBytes container = ContainerBytes::parse(saved_bytes(kU64Shape));

    const std::string bytes = container.build(GetParam().break_table, GetParam().break_header);

    expect_refused(bytes, GetParam().status, GetParam().text);
}

constexpr std::uint64_t kHuge = std::numeric_limits<std::uint64_t>::max();

// The sections of a file with u64 keys: 0 metadata, 1 rows, 2 keys.
INSTANTIATE_TEST_SUITE_P(
    Cases, DeceivingTable,
    ::testing::Values(
        BadTable{"LengthPastTheEnd", SKEP_FILE_IMPOSSIBLE_SIZE,
                 "section 'rows' at offset 8192: length 1000000 reaches past",
                 [](auto& table) { table[1].length = 1'000'000; }, nullptr},
        BadTable{"LengthThatOverflows", SKEP_FILE_IMPOSSIBLE_SIZE,
                 "length 18446744073709551615 reaches past",
                 [](auto& table) { table[2].length = kHuge; }, nullptr},
        BadTable{"OffsetPastTheEnd", SKEP_FILE_IMPOSSIBLE_SIZE, "reaches past",
                 [](auto& table) { table[2].offset = std::uint64_t{1} << 62U; }, nullptr},
        BadTable{"OffsetThatOverflows", SKEP_FILE_IMPOSSIBLE_SIZE, "reaches past",
                 [](auto& table) { table[2].offset = kHuge - 4095; }, nullptr},
        BadTable{"OverlapWithTheSectionBefore", SKEP_FILE_CORRUPT,
                 "section 'keys' at offset 8192: overlaps what lies before",
                 [](auto& table) { table[2].offset = table[1].offset; }, nullptr},
        BadTable{"OverlapWithTheHeader", SKEP_FILE_CORRUPT, "overlaps what lies before",
                 [](auto& table) { table[0].offset = 0; }, nullptr},
        BadTable{"OffsetNotAligned", SKEP_FILE_CORRUPT, "no multiple of its alignment 4096",
                 [](auto& table) { table[1].offset += 8; }, nullptr},
        BadTable{"AlignmentZero", SKEP_FILE_CORRUPT, "alignment 0; expected a power of two",
                 [](auto& table) { table[1].alignment = 0; }, nullptr},
        BadTable{"AlignmentTooSmall", SKEP_FILE_CORRUPT, "alignment 1;",
                 [](auto& table) { table[2].alignment = 1; }, nullptr},
        BadTable{"AlignmentNoPowerOfTwo", SKEP_FILE_CORRUPT, "alignment 12288;",
                 [](auto& table) { table[1].alignment = 12288; }, nullptr},
        BadTable{"SectionTwice", SKEP_FILE_CORRUPT,
                 "section 'rows' at offset 12288: is there twice",
                 [](auto& table) { table[2].kind = table[1].kind; }, nullptr},
        BadTable{"NoMetadata", SKEP_FILE_CORRUPT, "has no section 'metadata'",
                 [](auto& table) { table[0].kind = 99, table[0].flags = 0; }, nullptr},
        BadTable{"NoKeys", SKEP_FILE_CORRUPT, "has no section 'keys'",
                 [](auto& table) { table[2].kind = 99, table[2].flags = 0; }, nullptr},
        BadTable{"EssentialSectionOfANewerVersion", SKEP_FILE_TOO_NEW,
                 "section 'unknown section 4242' at offset 12288: is essential",
                 [](auto& table) { table[2].kind = 4242; }, nullptr},
        BadTable{"RowsTooShort", SKEP_FILE_IMPOSSIBLE_SIZE,
                 "length 95; expected 96: 6 rows of 16 bytes",
                 [](auto& table) { table[1].length -= 1; }, nullptr},
        BadTable{"KeysTooShort", SKEP_FILE_IMPOSSIBLE_SIZE,
                 "length 40; expected 48: 8 bytes for each of 6 rows",
                 [](auto& table) { table[2].length -= 8; }, nullptr},
        BadTable{"ChecksumOfRowsWrong", SKEP_FILE_CORRUPT,
                 "section 'rows' at offset 8192: checksum is",
                 [](auto& table) { table[1].checksum ^= 1; }, nullptr},
        BadTable{"ChecksumOfMetadataWrong", SKEP_FILE_CORRUPT,
                 "section 'metadata' at offset 4096: checksum is",
                 [](auto& table) { table[0].checksum ^= 1; }, nullptr},
        BadTable{"NewerMajorVersion", SKEP_FILE_TOO_NEW, "has format version 2.0", nullptr,
                 [](auto& header) { header.format_major = 2; }},
        BadTable{"MajorVersionZero", SKEP_FILE_CORRUPT, "has format version 0", nullptr,
                 [](auto& header) { header.format_major = 0; }},
        BadTable{"SectionCountAbsurd", SKEP_FILE_IMPOSSIBLE_SIZE, "header says 4294967295 sections",
                 nullptr, [](auto& header) { header.num_sections = 0xFFFFFFFFU; }},
        BadTable{"SectionCountPastTheEnd", SKEP_FILE_IMPOSSIBLE_SIZE,
                 "section table of 163840 bytes", nullptr,
                 [](auto& header) { header.num_sections = 4096; }},
        BadTable{"SectionCountZero", SKEP_FILE_CORRUPT, "section table checksum", nullptr,
                 [](auto& header) { header.num_sections = 0; }},
        BadTable{"TableInsideTheHeader", SKEP_FILE_IMPOSSIBLE_SIZE, "section table of", nullptr,
                 [](auto& header) { header.table_offset = 0; }},
        BadTable{"TableOffsetThatOverflows", SKEP_FILE_IMPOSSIBLE_SIZE, "section table of", nullptr,
                 [](auto& header) { header.table_offset = kHuge; }},
        BadTable{"FileLongerThanItIs", SKEP_FILE_TRUNCATED, "its header says 1000000", nullptr,
                 [](auto& header) { header.file_bytes = 1'000'000; }},
        BadTable{"FileShorterThanItIs", SKEP_FILE_CORRUPT, "something was appended", nullptr,
                 [](auto& header) { header.file_bytes -= 1; }}),
    [](const auto& bad) { return std::string(bad.param.name); });

TEST_F(DamagedFile, RefusesBytesAppended) {
    expect_refused(saved_bytes(kU64Shape) + "x", SKEP_FILE_CORRUPT, "something was appended");
}

// --- what newer minor versions may do ---

TEST_F(DamagedFile, SkipsWhatANewerMinorVersionAdded) {
    ContainerBytes container = ContainerBytes::parse(saved_bytes(kU64Shape));
    container.header.format_minor = 7;
    ContainerBytes::Section section;
    section.entry.kind = 1000;
    section.entry.alignment = 65536;
    section.content = "of the future";
    container.sections.insert(container.sections.begin() + 1, section);
    std::string& metadata = container.section(SectionKind::kMetadata).content;
    metadata.insert(metadata.size() - 1, R"(,"mood":["fine"])");
    const std::string intact = everything_in(open(saved_bytes(kU64Shape)).value());

    for (const std::uint32_t flags : kAllFlags) {
        EXPECT_EQ(everything_in(open(container.build(), flags).value()), intact);
    }
}

TEST_F(DamagedFile, TellsANewNameFromAWrongOne) {
    ContainerBytes container = ContainerBytes::parse(saved_bytes(kU64Shape));
    std::string& metadata = container.section(SectionKind::kMetadata).content;
    metadata.replace(metadata.find("\"flat\""), 6, "\"soft\"");
    const char* text = "field 'index' is \"soft\"; expected one of flat, hnsw";

    expect_refused(container.build(), SKEP_FILE_CORRUPT, text);
    container.header.format_minor = 1;
    expect_refused(container.build(), SKEP_FILE_TOO_NEW, text);
}

// --- metadata that deceives ---

struct BadMetadata {
    const char* name;
    const char* from;
    const char* to;
    skep_status status;
    const char* text;
};

void PrintTo(const BadMetadata& bad, std::ostream* out) {
    *out << bad.name;
}

class DeceivingMetadata : public DamagedFile, public ::testing::WithParamInterface<BadMetadata> {};

TEST_P(DeceivingMetadata, IsRefused) {
    ContainerBytes container = ContainerBytes::parse(saved_bytes(kU64Shape));
    std::string& metadata = container.section(SectionKind::kMetadata).content;
    const std::size_t position = metadata.find(GetParam().from);
    ASSERT_NE(position, std::string::npos) << metadata;
    metadata.replace(position, std::strlen(GetParam().from), GetParam().to);

    expect_refused(container.build(), GetParam().status, GetParam().text);
}

INSTANTIATE_TEST_SUITE_P(
    Cases, DeceivingMetadata,
    ::testing::Values(
        BadMetadata{"DimIsText", "\"dim\":4", "\"dim\":\"4\"", SKEP_FILE_CORRUPT,
                    "field 'dim' is \"4\"; expected a whole number from 1 to 65536"},
        BadMetadata{"DimIsAFraction", "\"dim\":4", "\"dim\":4.5", SKEP_FILE_CORRUPT,
                    "field 'dim' is 4.5E0"},
        BadMetadata{"DimIsNegative", "\"dim\":4", "\"dim\":-4", SKEP_FILE_CORRUPT,
                    "field 'dim' is -4"},
        BadMetadata{"DimIsZero", "\"dim\":4", "\"dim\":0", SKEP_FILE_IMPOSSIBLE_SIZE,
                    "field 'dim' is 0"},
        BadMetadata{"DimIsTooLarge", "\"dim\":4", "\"dim\":65537", SKEP_FILE_IMPOSSIBLE_SIZE,
                    "field 'dim' is 65537"},
        BadMetadata{"DimIsMissing", "\"dim\":4,", "", SKEP_FILE_CORRUPT, "field 'dim' is missing"},
        BadMetadata{"DimIsNull", "\"dim\":4", "\"dim\":null", SKEP_FILE_CORRUPT,
                    "field 'dim' is null"},
        BadMetadata{"RowsAreTooMany", "\"num_rows\":6", "\"num_rows\":4294967295",
                    SKEP_FILE_IMPOSSIBLE_SIZE, "field 'num_rows' is 4294967295"},
        BadMetadata{"RowsOverflow", "\"num_rows\":6", "\"num_rows\":18446744073709551616",
                    SKEP_FILE_CORRUPT, "field 'num_rows' is"},
        BadMetadata{"RowsAreNotThere", "\"num_rows\":6", "\"num_rows\":4294967294",
                    SKEP_FILE_IMPOSSIBLE_SIZE, "length 96; expected 68719476704"},
        BadMetadata{"MetricIsANumber", "\"metric\":\"inner_product\"", "\"metric\":1",
                    SKEP_FILE_CORRUPT,
                    "field 'metric' is 1; expected one of cosine, l2, inner_product"},
        BadMetadata{"TypeIsUnknown", "\"dtype\":\"f32\"", "\"dtype\":\"f64\"", SKEP_FILE_CORRUPT,
                    "field 'dtype' is \"f64\""},
        BadMetadata{"TypeHasAnotherSize", "\"dtype\":\"f32\"", "\"dtype\":\"u8\"",
                    SKEP_FILE_IMPOSSIBLE_SIZE, "length 96; expected 24"},
        BadMetadata{"KeyKindHasNoOffsets", "\"key_kind\":\"u64\"", "\"key_kind\":\"string\"",
                    SKEP_FILE_CORRUPT, "has no section 'key_offsets'"},
        BadMetadata{"LinksAreTooMany", "\"m\":0", "\"m\":4294967296", SKEP_FILE_CORRUPT,
                    "field 'm' is 4294967296"},
        BadMetadata{"CalibrationsAreNoArray", "\"num_rows\":6", R"("num_rows":6,"calibrations":{})",
                    SKEP_FILE_CORRUPT,
                    "field 'calibrations' is {}; expected an array of at most 64 objects"},
        BadMetadata{"CalibrationsAreNoObjects", "\"num_rows\":6",
                    R"("num_rows":6,"calibrations":[{},7])", SKEP_FILE_CORRUPT,
                    "field 'calibrations' is [{},7]"},
        BadMetadata{"CalibrationIsIncomplete", "\"num_rows\":6",
                    R"("num_rows":6,"calibrations":[{"k":1,"recall_millionths":5}])",
                    SKEP_FILE_CORRUPT, "field 'ef_search' is missing"},
        BadMetadata{"CalibrationPromisesTooMuch", "\"num_rows\":6",
                    R"("num_rows":6,"calibrations":[{"k":1,"recall_millionths":1000001}])",
                    SKEP_FILE_CORRUPT, "field 'recall_millionths' is 1000001"},
        BadMetadata{"IsNoJson", "{", "{,", SKEP_FILE_CORRUPT, "is no JSON text"},
        BadMetadata{"IsNoObject", "{\"dim\":4,", "[]", SKEP_FILE_CORRUPT, "is no JSON text"}),
    [](const auto& bad) { return std::string(bad.param.name); });

TEST_F(DamagedFile, RefusesMetadataThatIsNoObject) {
    ContainerBytes container = ContainerBytes::parse(saved_bytes(kU64Shape));
    container.section(SectionKind::kMetadata).content = "[1,2]";
    expect_refused(container.build(), SKEP_FILE_CORRUPT, "is no JSON object");
}

TEST_F(DamagedFile, RefusesMetadataThatNestsDeeply) {
    ContainerBytes container = ContainerBytes::parse(saved_bytes(kU64Shape));
    container.section(SectionKind::kMetadata).content = std::string(100'000, '[');
    expect_refused(container.build(), SKEP_FILE_CORRUPT, "is no JSON text");
}

TEST_F(DamagedFile, RefusesMetadataThatIsTooLong) {
    ContainerBytes container = ContainerBytes::parse(saved_bytes(kU64Shape));
    container.section(SectionKind::kMetadata).content += std::string(1U << 20U, ' ');
    expect_refused(container.build(), SKEP_FILE_IMPOSSIBLE_SIZE, "expected at most 1048576");
}

// --- contents that no collection may hold ---

void put_u64(std::string& content, std::size_t position, std::uint64_t value) {
    std::memcpy(content.data() + position * sizeof value, &value, sizeof value);
}

TEST_F(DamagedFile, RefusesAU64KeyThatIsThereTwice) {
    ContainerBytes container = ContainerBytes::parse(saved_bytes(kU64Shape));
    put_u64(container.section(SectionKind::kKeys).content, 4, 15);  // as row 1

    expect_refused(container.build(), SKEP_FILE_CORRUPT,
                   "section 'keys' at offset 12288: key 15 of row 4 is also the key of row 1");
}

TEST_F(DamagedFile, RefusesAComponentThatIsNotFinite) {
    const float values[] = {std::numeric_limits<float>::quiet_NaN(),
                            -std::numeric_limits<float>::infinity()};
    for (const float value : values) {
        ContainerBytes container = ContainerBytes::parse(saved_bytes(kU64Shape));
        std::memcpy(container.section(SectionKind::kRows).content.data() + 14 * sizeof value,
                    &value, sizeof value);

        expect_refused(container.build(), SKEP_FILE_CORRUPT,
                       "section 'rows' at offset 8192: row 3 component 2 is not finite");
    }
}

// Keys of kStringShape are "käy-20", "käy-19" and so on.
TEST_F(DamagedFile, RefusesStringKeysThatACollectionWouldRefuse) {
    const ContainerBytes container = ContainerBytes::parse(saved_bytes(kStringShape));
    const auto with_keys = [&](const std::function<void(std::string&)>& change) {
        ContainerBytes changed = container;
        change(changed.section(SectionKind::kKeys).content);
        return changed.build();
    };

    expect_refused(with_keys([](std::string& keys) { keys.replace(7, 7, keys, 0, 7); }),
                   SKEP_FILE_CORRUPT, "of row 1 is also the key of row 0");
    expect_refused(with_keys([](std::string& keys) { keys[8] = '\xFF'; }), SKEP_FILE_CORRUPT,
                   "key of row 1 is not UTF-8 from byte 1 on");
    expect_refused(with_keys([](std::string& keys) { keys += "x"; }), SKEP_FILE_CORRUPT,
                   "section 'key_offsets'");
}

TEST_F(DamagedFile, RefusesOffsetsThatDeceive) {
    const ContainerBytes container = ContainerBytes::parse(saved_bytes(kStringShape));
    const auto with_offset = [&](SectionKind kind, std::size_t position, std::uint64_t value) {
        ContainerBytes changed = container;
        put_u64(changed.section(kind).content, position, value);
        return changed.build();
    };
    const std::uint64_t num_key_bytes =
        ContainerBytes(container).section(SectionKind::kKeys).content.size();

    expect_refused(with_offset(SectionKind::kKeyOffsets, 0, 1), SKEP_FILE_CORRUPT,
                   "offset 0 is 1; expected 0");
    expect_refused(with_offset(SectionKind::kKeyOffsets, 3, kHuge), SKEP_FILE_CORRUPT,
                   "offset 4 is 28; expected at least 18446744073709551615, where row 3 begins");
    expect_refused(with_offset(SectionKind::kKeyOffsets, 20, num_key_bytes + 1), SKEP_FILE_CORRUPT,
                   "offset 20 is " + std::to_string(num_key_bytes + 1) + "; expected " +
                       std::to_string(num_key_bytes));
    expect_refused(with_offset(SectionKind::kKeyOffsets, 1, 0), SKEP_FILE_CORRUPT,
                   "key of row 0 has 0 bytes; expected 1 to 256");
    expect_refused(with_offset(SectionKind::kPayloadOffsets, 20, kHuge), SKEP_FILE_CORRUPT,
                   "section 'payload_offsets'");
}

TEST_F(DamagedFile, RefusesAKeyThatIsTooLong) {
    ContainerBytes container = ContainerBytes::parse(saved_bytes(kStringShape));
    std::string& keys = container.section(SectionKind::kKeys).content;
    keys += std::string(300, 'x');
    put_u64(container.section(SectionKind::kKeyOffsets).content, 20, keys.size());

    expect_refused(container.build(), SKEP_FILE_CORRUPT, "key of row 19 has 306 bytes");
}

TEST_F(DamagedFile, RefusesHalfOfThePayloads) {
    for (const auto& [removed, text] :
         {std::pair(SectionKind::kPayloadBytes, "has no section 'payload_bytes'"),
          std::pair(SectionKind::kPayloadOffsets, "has no section 'payload_offsets'")}) {
        ContainerBytes container = ContainerBytes::parse(saved_bytes(kStringShape));
        container.remove(removed);
        expect_refused(container.build(), SKEP_FILE_CORRUPT, text);
    }
}

TEST_F(DamagedFile, DescribesOnlyWhatItCouldOpen) {
    ContainerBytes container = ContainerBytes::parse(saved_bytes(kU64Shape));
    container.section(SectionKind::kMetadata).content = "{}";
    testing::write_bytes(path_, container.build());

    const auto result = describe_collection_file(path_);

    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().status(), SKEP_FILE_CORRUPT);
    EXPECT_THAT(result.error().message(), HasSubstr("describe: '" + path_ + "'"));
}

}  // namespace
}  // namespace skep
