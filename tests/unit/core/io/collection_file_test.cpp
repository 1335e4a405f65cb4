// SPDX-License-Identifier: MIT
#include "io/collection_file.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <ostream>
#include <tuple>

#include "support/collection_sample.hpp"
#include "support/temporary_folder.hpp"

namespace skep {
namespace {

using testing::CollectionSample;
using testing::make_sample;
using testing::no_control;
using testing::SampleShape;
using testing::TemporaryFolder;

void save(const std::string& path, const CollectionSample& sample) {
    write_collection_file(path, sample.contents, sample.row_source(), *no_control()).value();
}

template <typename Element>
std::vector<Element> copy_of(std::span<const Element> elements) {
    return {elements.begin(), elements.end()};
}

void expect_same(const LoadedCollection& loaded, const CollectionSample& sample) {
    const CollectionContents& found = loaded.contents;
    const CollectionContents& saved = sample.contents;
    EXPECT_EQ(found.dim, saved.dim);
    EXPECT_EQ(found.metric, saved.metric);
    EXPECT_EQ(found.dtype, saved.dtype);
    EXPECT_EQ(found.index, saved.index);
    EXPECT_EQ(found.key_kind, saved.key_kind);
    EXPECT_EQ(found.m, saved.m);
    EXPECT_EQ(found.ef_construction, saved.ef_construction);
    EXPECT_EQ(found.seed, saved.seed);
    EXPECT_EQ(found.next_u64_key, saved.next_u64_key);
    EXPECT_EQ(found.num_rows, saved.num_rows);
    EXPECT_EQ(found.calibrations, saved.calibrations);
    EXPECT_EQ(copy_of(found.u64_keys), copy_of(saved.u64_keys));
    EXPECT_EQ(copy_of(found.key_offsets), copy_of(saved.key_offsets));
    EXPECT_EQ(copy_of(found.key_bytes), copy_of(saved.key_bytes));
    EXPECT_EQ(copy_of(found.payload_offsets), copy_of(saved.payload_offsets));
    EXPECT_EQ(copy_of(found.payload_bytes), copy_of(saved.payload_bytes));
    EXPECT_EQ(loaded.rows.dtype, saved.dtype);
    EXPECT_EQ(loaded.rows.dim, saved.dim);
    EXPECT_EQ(loaded.rows.num_rows, saved.num_rows);
    EXPECT_EQ(loaded.rows.memory_kind, SKEP_MEMORY_HOST);
    ASSERT_EQ(reinterpret_cast<std::uintptr_t>(loaded.rows.data) % 4096, 0U);
    const auto* rows = static_cast<const std::byte*>(loaded.rows.data);
    EXPECT_EQ(std::vector<std::byte>(rows, rows + sample.rows.size()), sample.rows);
}

class CollectionFileRoundTrip
    : public ::testing::TestWithParam<std::tuple<skep_dtype, skep_key_kind, bool, std::uint64_t>> {
};

TEST_P(CollectionFileRoundTrip, GivesBackWhatWasSavedReadOrMapped) {
    const auto [dtype, key_kind, has_payloads, num_rows] = GetParam();
    const auto sample = make_sample({dtype, 7, num_rows, key_kind, has_payloads, 11});
    const TemporaryFolder folder;
    const std::string path = folder / "a.skep";

    save(path, *sample);

    for (const std::uint32_t flags :
         {0U, std::uint32_t{SKEP_OPEN_MAP}, std::uint32_t{SKEP_OPEN_SKIP_CHECKSUMS},
          std::uint32_t{SKEP_OPEN_MAP | SKEP_OPEN_SKIP_CHECKSUMS}}) {
        SCOPED_TRACE(flags);
        const LoadedCollection loaded = read_collection_file(path, flags, *no_control()).value();
        expect_same(loaded, *sample);
        EXPECT_EQ(loaded.is_mapped, (flags & SKEP_OPEN_MAP) != 0);
    }
    EXPECT_EQ(folder.list(), std::vector<std::string>{"a.skep"});
}

INSTANTIATE_TEST_SUITE_P(Shapes, CollectionFileRoundTrip,
                         ::testing::Combine(::testing::Values(SKEP_DTYPE_F32, SKEP_DTYPE_F16,
                                                              SKEP_DTYPE_BF16, SKEP_DTYPE_I8,
                                                              SKEP_DTYPE_U8),
                                            ::testing::Values(SKEP_KEY_U64, SKEP_KEY_STRING),
                                            ::testing::Bool(), ::testing::Values(0, 1, 100)));

TEST(CollectionFile, KeepsTheLargestDimension) {
    const auto sample = make_sample({SKEP_DTYPE_F32, SKEP_MAX_DIM, 3, SKEP_KEY_U64, false, 5});
    const TemporaryFolder folder;

    save(folder / "a.skep", *sample);

    expect_same(read_collection_file(folder / "a.skep", 0, *no_control()).value(), *sample);
}

TEST(CollectionFile, KeepsRowsThatSpanManyBlocks) {
    // 12 MB of rows: three blocks to write, twelve pieces to verify.
    const auto sample = make_sample({SKEP_DTYPE_F32, 300, 10'007, SKEP_KEY_STRING, true, 5});
    const TemporaryFolder folder;

    save(folder / "a.skep", *sample);

    expect_same(read_collection_file(folder / "a.skep", 0, *no_control()).value(), *sample);
    expect_same(read_collection_file(folder / "a.skep", SKEP_OPEN_MAP, *no_control()).value(),
                *sample);
}

TEST(CollectionFile, KeepsEveryScalarAtItsLimit) {
    auto sample = make_sample({});
    sample->contents.metric = SKEP_METRIC_COSINE;
    sample->contents.index = SKEP_INDEX_HNSW;
    sample->contents.m = 0xFFFFFFFFU;
    sample->contents.ef_construction = 0xFFFFFFFFU;
    sample->contents.seed = 0xFFFFFFFFFFFFFFFFU;
    sample->contents.next_u64_key = 0xFFFFFFFFFFFFFFFFU;
    sample->contents.calibrations.assign(
        kMaxCalibrations, {0xFFFFFFFFFFFFFFFFU, 1'000'000, SKEP_MAX_ROWS, SKEP_MAX_ROWS});
    sample->contents.calibrations.front() = {1, 1, 1, 1};
    sample->u64_keys = {0, 0xFFFFFFFFFFFFFFFEU, 7, 1, 2};
    sample->bind();
    const TemporaryFolder folder;

    save(folder / "a.skep", *sample);

    expect_same(read_collection_file(folder / "a.skep", 0, *no_control()).value(), *sample);
}

TEST(CollectionFile, GivesTheSameBytesForTheSameContents) {
    const SampleShape shape{SKEP_DTYPE_F32, 9, 50, SKEP_KEY_STRING, true, 3};
    const TemporaryFolder folder;

    save(folder / "a.skep", *make_sample(shape));
    save(folder / "b.skep", *make_sample(shape));

    EXPECT_EQ(testing::read_bytes(folder / "a.skep"), testing::read_bytes(folder / "b.skep"));
}

TEST(CollectionFile, OutlivesTheFileOnceItIsReadOrMapped) {
    const auto sample = make_sample({});
    const TemporaryFolder folder;
    save(folder / "a.skep", *sample);

    const LoadedCollection read = read_collection_file(folder / "a.skep", 0, *no_control()).value();
    const LoadedCollection mapped =
        read_collection_file(folder / "a.skep", SKEP_OPEN_MAP, *no_control()).value();
    std::filesystem::remove(folder / "a.skep");

    expect_same(read, *sample);
    expect_same(mapped, *sample);
}

TEST(CollectionFile, DescribesItselfAsJson) {
    const auto sample = make_sample({SKEP_DTYPE_U8, 16, 10, SKEP_KEY_STRING, true, 3});
    const TemporaryFolder folder;
    save(folder / "a.skep", *sample);

    const auto description =
        boost::json::parse(describe_collection_file(folder / "a.skep").value()).as_object();

    EXPECT_EQ(description.at("format"), "1.0");
    EXPECT_EQ(description.at("file_bytes").to_number<std::uint64_t>(),
              std::filesystem::file_size(folder / "a.skep"));
    const auto& collection = description.at("collection").as_object();
    EXPECT_EQ(collection.at("dim"), 16);
    EXPECT_EQ(collection.at("dtype"), "u8");
    EXPECT_EQ(collection.at("metric"), "inner_product");
    EXPECT_EQ(collection.at("key_kind"), "string");
    EXPECT_EQ(collection.at("num_rows"), 10);
    const auto& sections = description.at("sections").as_array();
    ASSERT_EQ(sections.size(), 6U);
    EXPECT_EQ(sections[1].at("name"), "rows");
    EXPECT_EQ(sections[1].at("bytes"), 160);
}

TEST(CollectionFile, TellsWhyAFileCannotBeOpened) {
    const TemporaryFolder folder;
    const auto status_of = [](const std::string& path) {
        const auto result = read_collection_file(path, 0, *no_control());
        EXPECT_FALSE(result);
        EXPECT_NE(std::string(result.error().message()).find("open: '" + path + "'"),
                  std::string::npos)
            << result.error().message();
        return result.error().status();
    };
    testing::write_bytes(folder / "text", std::string(100, 'x'));

    EXPECT_EQ(status_of(folder / "absent.skep"), SKEP_FILE_NOT_FOUND);
    EXPECT_EQ(status_of(""), SKEP_FILE_NOT_FOUND);
    EXPECT_EQ(status_of(folder / "text"), SKEP_FILE_UNKNOWN_FORMAT);
    EXPECT_EQ(status_of(folder / "text/below"), SKEP_FILE_NOT_FOUND);
    EXPECT_EQ(status_of(folder.path()), SKEP_FILE_NOT_READABLE);
    EXPECT_EQ(status_of("/dev/zero"), SKEP_FILE_NOT_READABLE);
}

TEST(CollectionFile, StopsOpeningWhenCancelled) {
    const auto sample = make_sample({});
    const TemporaryFolder folder;
    save(folder / "a.skep", *sample);
    skep_call_options options = SKEP_CALL_OPTIONS_INIT;
    options.progress = [](void*, std::uint64_t, std::uint64_t) { return 1; };

    const auto result =
        read_collection_file(folder / "a.skep", 0, *CallControl::create(&options).value());

    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().status(), SKEP_CANCELLED);
}

}  // namespace
}  // namespace skep
