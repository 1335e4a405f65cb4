// SPDX-License-Identifier: MIT
// The exported functions for collections: what they do with NULL and with short structs, and the
// whole way from a runtime to an answer.
#include <cstdint>
#include <cstring>
#include <memory>

#include "collection/collection.hpp"
#include "support/collection_fixture.hpp"
#include "support/temporary_folder.hpp"

namespace skep::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class CollectionApi : public ::testing::Test {
  protected:
    void SetUp() override {
        skep_runtime_options options = SKEP_RUNTIME_OPTIONS_INIT;
        options.flags = SKEP_RUNTIME_BUILTIN_ONLY | SKEP_RUNTIME_IGNORE_ENVIRONMENT;
        options.num_threads = 1;
        ASSERT_EQ(skep_runtime_create(&options, &runtime_, nullptr), SKEP_OK);
    }
    void TearDown() override { skep_runtime_destroy(runtime_); }

    Outcome create(const skep_collection_options& options, skep_collection** out) const {
        return outcome([&](skep_error* error) {
            return skep_collection_create(runtime_, &options, out, error);
        });
    }
    [[nodiscard]] TestCollection make(std::uint32_t dim) const {
        skep_collection_options options = SKEP_COLLECTION_OPTIONS_INIT;
        options.dim = dim;
        options.metric = SKEP_METRIC_L2;
        skep_collection* collection = nullptr;
        EXPECT_THAT(create(options, &collection), Succeeds());
        return TestCollection(CollectionHandle(collection));
    }

    skep_runtime* runtime_ = nullptr;
};

TEST_F(CollectionApi, DoesTheMainJobOnTheProcessor) {
    TemporaryFolder folder;
    const std::string path = folder / "main.skep";
    TestCollection collection = make(2);
    ASSERT_THAT(collection.add({5, 6, 7}, {0, 0, 1, 1, 2, 2}), Succeeds());
    ASSERT_EQ(skep_collection_save(collection.get(), path.c_str(), nullptr, nullptr), SKEP_OK);

    for (const std::uint32_t flags : {0U, std::uint32_t{SKEP_OPEN_MAP}}) {
        skep_open_options options = SKEP_OPEN_OPTIONS_INIT;
        options.flags = flags;
        options.device = "cpu";
        skep_collection* opened = nullptr;
        ASSERT_EQ(skep_collection_open(runtime_, path.c_str(), &options, nullptr, &opened, nullptr),
                  SKEP_OK);
        const TestCollection reopened((CollectionHandle(opened)));
        EXPECT_THAT(reopened.search({2, 2}, 2).keys, ElementsAre(7, 6));
        ASSERT_THAT(reopened.upsert({6}, {2, 2}), Succeeds());
        ASSERT_THAT(reopened.compact(), Succeeds());
        EXPECT_THAT(reopened.search({2, 2}, 2).keys, ElementsAre(7, 6));
        ASSERT_THAT(reopened.clear(), Succeeds());
        ASSERT_THAT(reopened.add({9, 9}), Succeeds());
        EXPECT_THAT(reopened.keys(), ElementsAre(0));
    }
}

TEST_F(CollectionApi, ClearsRowsThatLieInAMappedFile) {
    TemporaryFolder folder;
    const std::string path = folder / "mapped.skep";
    TestCollection collection = make(2);
    ASSERT_THAT(collection.add({1, 1, 2, 2}), Succeeds());
    ASSERT_EQ(skep_collection_save(collection.get(), path.c_str(), nullptr, nullptr), SKEP_OK);
    skep_open_options options = SKEP_OPEN_OPTIONS_INIT;
    options.flags = SKEP_OPEN_MAP;
    skep_collection* opened = nullptr;
    ASSERT_EQ(skep_collection_open(runtime_, path.c_str(), &options, nullptr, &opened, nullptr),
              SKEP_OK);
    const TestCollection mapped((CollectionHandle(opened)));

    ASSERT_THAT(mapped.clear(), Succeeds());
    ASSERT_THAT(mapped.add({7, 7}), Succeeds());

    EXPECT_THAT(mapped.row(0), ElementsAre(7, 7));
}

TEST_F(CollectionApi, OutlivesItsRuntime) {
    const TestCollection collection = make(1);
    skep_runtime_destroy(runtime_);
    runtime_ = nullptr;

    ASSERT_THAT(collection.add({1, 2}), Succeeds());

    EXPECT_THAT(collection.search({2}, 1).keys, ElementsAre(1));
}

TEST_F(CollectionApi, TellsWhatItIsAndWhere) {
    const TestCollection collection = make(3);
    skep_collection_info info{};
    info.struct_size = sizeof info;
    skep_device_info device{};
    device.struct_size = sizeof device;

    ASSERT_EQ(skep_collection_get_info(collection.get(), &info, nullptr), SKEP_OK);
    ASSERT_EQ(skep_collection_get_device(collection.get(), &device, nullptr), SKEP_OK);

    EXPECT_EQ(info.dim, 3U);
    EXPECT_EQ(info.metric, SKEP_METRIC_L2);
    EXPECT_EQ(info.index, SKEP_INDEX_FLAT);
    EXPECT_EQ(info.m, 0U);
    EXPECT_STREQ(device.id, "cpu");
}

TEST_F(CollectionApi, RefusesWhatCannotBeCreated) {
    skep_collection* collection = nullptr;
    skep_collection_options options = SKEP_COLLECTION_OPTIONS_INIT;
    EXPECT_THAT(create(options, &collection), FailsWith(SKEP_INVALID_DIMENSION, "dim is 0"));
    options.dim = 2;
    options.device = "no_such_device";
    EXPECT_THAT(create(options, &collection), FailsWith(SKEP_UNKNOWN_DEVICE, "no_such_device"));
    options.device = "cpu:5";
    EXPECT_THAT(create(options, &collection), FailsWith(SKEP_DEVICE_NOT_AVAILABLE, "cpu"));
    options.device = "cpu";
    options.index = SKEP_INDEX_HNSW;
    options.m = 1;
    EXPECT_THAT(create(options, &collection), FailsWith(SKEP_INVALID_ARGUMENT, "m is 1"));
    options.m = 0;
    options.index = SKEP_INDEX_FLAT;
    options.dtype = SKEP_DTYPE_I32;
    EXPECT_EQ(create(options, &collection).status, SKEP_UNSUPPORTED_TYPE);
    EXPECT_EQ(collection, nullptr);
}

TEST_F(CollectionApi, RefusesFilesThatAreNotThere) {
    skep_collection* collection = nullptr;
    EXPECT_EQ(skep_collection_open(runtime_, "/nowhere/at/all.skep", nullptr, nullptr, &collection,
                                   nullptr),
              SKEP_FILE_NOT_FOUND);
    EXPECT_EQ(collection, nullptr);
}

TEST_F(CollectionApi, RefusesNullPolitely) {
    const TestCollection made = make(1);
    skep_collection* const collection = made.get();
    const float value = 1;
    const skep_matrix matrix = SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_F32, &value, 1, 1);
    const Keys keys{1};
    const skep_collection_options create_options = SKEP_COLLECTION_OPTIONS_INIT;
    const skep_search_options search_options = SKEP_SEARCH_OPTIONS_INIT;
    const skep_search_output output = SKEP_SEARCH_OUTPUT_INIT;
    skep_collection* out = nullptr;
    std::uint64_t number = 0;
    skep_range_result* range = nullptr;
    skep_filter* filter = nullptr;

    const skep_status statuses[] = {
        skep_collection_create(nullptr, &create_options, &out, nullptr),
        skep_collection_create(runtime_, nullptr, &out, nullptr),
        skep_collection_create(runtime_, &create_options, nullptr, nullptr),
        skep_collection_get_info(nullptr, nullptr, nullptr),
        skep_collection_get_info(collection, nullptr, nullptr),
        skep_collection_get_device(nullptr, nullptr, nullptr),
        skep_collection_get_device(collection, nullptr, nullptr),
        skep_collection_add(nullptr, &matrix, nullptr, nullptr, nullptr, nullptr, nullptr),
        skep_collection_add(collection, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr),
        skep_collection_upsert(nullptr, &matrix, &keys.view(), nullptr, nullptr, nullptr),
        skep_collection_upsert(collection, nullptr, &keys.view(), nullptr, nullptr, nullptr),
        skep_collection_upsert(collection, &matrix, nullptr, nullptr, nullptr, nullptr),
        skep_collection_remove(nullptr, &keys.view(), nullptr),
        skep_collection_remove(collection, nullptr, nullptr),
        skep_collection_get(nullptr, &keys.view(), nullptr, nullptr, nullptr, nullptr),
        skep_collection_get(collection, nullptr, nullptr, nullptr, nullptr, nullptr),
        skep_collection_contains(nullptr, &keys.view(), nullptr, nullptr),
        skep_collection_contains(collection, nullptr, nullptr, nullptr),
        skep_collection_contains(collection, &keys.view(), nullptr, nullptr),
        skep_collection_count(nullptr, &number, nullptr),
        skep_collection_count(collection, nullptr, nullptr),
        skep_collection_list_keys(nullptr, nullptr, 0, &number, nullptr, nullptr),
        skep_collection_clear(nullptr, nullptr),
        skep_collection_reserve(nullptr, 1, nullptr),
        skep_collection_compact(nullptr, nullptr, nullptr),
        skep_collection_get_stats(nullptr, nullptr, nullptr),
        skep_collection_get_stats(collection, nullptr, nullptr),
        skep_collection_save(nullptr, "x", nullptr, nullptr),
        skep_collection_save(collection, nullptr, nullptr, nullptr),
        skep_collection_open(nullptr, "x", nullptr, nullptr, &out, nullptr),
        skep_collection_open(runtime_, nullptr, nullptr, nullptr, &out, nullptr),
        skep_collection_open(runtime_, "x", nullptr, nullptr, nullptr, nullptr),
        skep_collection_search(nullptr, &matrix, &search_options, &output, nullptr, nullptr),
        skep_collection_search(collection, nullptr, &search_options, &output, nullptr, nullptr),
        skep_collection_search(collection, &matrix, nullptr, &output, nullptr, nullptr),
        skep_collection_search(collection, &matrix, &search_options, nullptr, nullptr, nullptr),
        skep_collection_range_search(nullptr, &matrix, 1, nullptr, nullptr, &range, nullptr),
        skep_collection_range_search(collection, nullptr, 1, nullptr, nullptr, &range, nullptr),
        skep_collection_range_search(collection, &matrix, 1, nullptr, nullptr, nullptr, nullptr),
        skep_range_result_view(nullptr, nullptr, nullptr),
        skep_filter_create(nullptr, SKEP_FILTER_ALLOW, &keys.view(), &filter, nullptr),
        skep_filter_create(collection, SKEP_FILTER_ALLOW, nullptr, &filter, nullptr),
        skep_filter_create(collection, SKEP_FILTER_ALLOW, &keys.view(), nullptr, nullptr),
    };

    EXPECT_THAT(statuses, ::testing::Each(SKEP_INVALID_ARGUMENT));
    EXPECT_EQ(made.count(), 0U);
    skep_collection_destroy(nullptr);
    skep_filter_destroy(nullptr);
    skep_range_result_destroy(nullptr);
}

TEST_F(CollectionApi, NamesTheArgumentThatIsMissing) {
    const TestCollection collection = make(1);

    EXPECT_THAT(outcome([&](skep_error* error) {
                    return skep_collection_search(collection.get(), nullptr, nullptr, nullptr,
                                                  nullptr, error);
                }),
                FailsWith(SKEP_INVALID_ARGUMENT, "skep_collection_search: queries is NULL"));
}

TEST_F(CollectionApi, RefusesStructsBelowTheirFloor) {
    const TestCollection collection = make(1);
    const float value = 1;
    skep_matrix matrix = SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_F32, &value, 1, 1);
    matrix.struct_size = 3;

    EXPECT_THAT(outcome([&](skep_error* error) {
                    return skep_collection_add(collection.get(), &matrix, nullptr, nullptr, nullptr,
                                               nullptr, error);
                }),
                FailsWith(SKEP_INVALID_ARGUMENT, "rows->struct_size is 3; expected at least"));
}

TEST_F(CollectionApi, LooksAtNoOutputBeyondTheCallersStruct) {
    const TestCollection collection = make(1);
    ASSERT_THAT(collection.add({1}), Succeeds());
    const float value = 1;
    const skep_matrix matrix = SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_F32, &value, 1, 1);
    skep_search_options options = SKEP_SEARCH_OPTIONS_INIT;
    options.k = 1;
    std::uint64_t key = 77;
    skep_search_output output = SKEP_SEARCH_OUTPUT_INIT;
    output.struct_size = SKEP_SIZE_THROUGH(skep_search_output, keys);
    output.keys = &key;
    // An older caller's memory goes on with something else here.
    std::memset(&output.strings, 0x5A, sizeof output - offsetof(skep_search_output, strings));

    EXPECT_EQ(
        skep_collection_search(collection.get(), &matrix, &options, &output, nullptr, nullptr),
        SKEP_OK);
    EXPECT_EQ(key, 0U);
}

TEST_F(CollectionApi, WritesNoFigureBeyondTheCallersStruct) {
    const TestCollection collection = make(1);
    skep_collection_stats stats{};
    std::memset(&stats, 0x5A, sizeof stats);
    stats.struct_size = SKEP_SIZE_THROUGH(skep_collection_stats, num_rows);

    ASSERT_EQ(skep_collection_get_stats(collection.get(), &stats, nullptr), SKEP_OK);

    EXPECT_EQ(stats.num_rows, 0U);
    EXPECT_EQ(stats.num_removed, 0x5A5A5A5A5A5A5A5AU);
}

}  // namespace
}  // namespace skep::testing
