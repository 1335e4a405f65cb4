// SPDX-License-Identifier: MIT
// What a collection does with valid input.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>

#include "skep/common/distance.hpp"
#include "support/collection_fixture.hpp"
#include "support/generators.hpp"

namespace skep::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

class CollectionTest : public MemoryBackendTest {};

std::vector<std::uint64_t> iota_keys(std::uint64_t first, std::uint64_t count) {
    std::vector<std::uint64_t> keys(count);
    std::iota(keys.begin(), keys.end(), first);
    return keys;
}

TEST_F(CollectionTest, FindsTheRowThatWasAdded) {
    const TestCollection collection(2);

    ASSERT_THAT(collection.add({42}, {1, 2}), Succeeds());

    EXPECT_EQ(collection.count(), 1U);
    const auto answer = collection.search({1, 2}, 1);
    EXPECT_THAT(answer.keys, ElementsAre(42));
    EXPECT_THAT(answer.distances, ElementsAre(0.0F));
}

TEST_F(CollectionTest, OrdersAnswersByDistanceThenByOrderOfAdding) {
    const TestCollection collection(1);
    ASSERT_THAT(collection.add({9, 5, 7, 1}, {3, 1, 1, 2}), Succeeds());

    const auto answer = collection.search({1}, 4);

    EXPECT_THAT(answer.keys, ElementsAre(5, 7, 1, 9));
    EXPECT_THAT(answer.distances, ElementsAre(0, 0, 1, 4));
}

TEST_F(CollectionTest, PadsAnswersWhereKExceedsTheCount) {
    const TestCollection collection(1);
    ASSERT_THAT(collection.add({3, 4}, {0, 5}), Succeeds());

    const auto answer = collection.search({0, 5}, 3);

    EXPECT_THAT(answer.keys, ElementsAre(3, 4, UINT64_MAX, 4, 3, UINT64_MAX));
    EXPECT_THAT(answer.distances, ElementsAre(0, 25, kInfinity, 0, 25, kInfinity));
    EXPECT_THAT(answer.counts, ElementsAre(2, 2));
}

TEST_F(CollectionTest, AnswersWithNothingWhenEmpty) {
    const TestCollection collection(1);

    const auto answer = collection.search({0}, 2);

    EXPECT_THAT(answer.outcome, Succeeds());
    EXPECT_THAT(answer.keys, ElementsAre(UINT64_MAX, UINT64_MAX));
    EXPECT_THAT(answer.distances, ElementsAre(kInfinity, kInfinity));
    EXPECT_THAT(answer.counts, ElementsAre(0));
}

TEST_F(CollectionTest, AnswersNoQueriesWithNothing) {
    const TestCollection collection(3);
    ASSERT_THAT(collection.add({1, 2, 3}), Succeeds());

    EXPECT_THAT(collection.search({}, 5).outcome, Succeeds());
}

TEST_F(CollectionTest, NumbersRowsOnFromTheLargestKeyThereEverWas) {
    const TestCollection collection(1);
    ASSERT_THAT(collection.add({1, 2}), Succeeds());
    ASSERT_THAT(collection.add({100, 50}, {3, 4}), Succeeds());
    ASSERT_THAT(collection.remove({100}), Succeeds());
    const std::vector<float> values = {5, 6};
    const skep_matrix rows = rows_of(values, 1);
    std::uint64_t first_key = 0;

    ASSERT_EQ(skep_collection_add(collection.get(), &rows, nullptr, nullptr, nullptr, &first_key,
                                  nullptr),
              SKEP_OK);

    EXPECT_EQ(first_key, 101U);
    EXPECT_THAT(collection.keys(), ElementsAre(0, 1, 50, 101, 102));
}

TEST_F(CollectionTest, NumbersFromZeroAgainAfterClear) {
    const TestCollection collection(1);
    ASSERT_THAT(collection.add({7}, {1}), Succeeds());

    ASSERT_THAT(collection.clear(), Succeeds());
    ASSERT_THAT(collection.add({2}), Succeeds());

    EXPECT_THAT(collection.keys(), ElementsAre(0));
}

TEST_F(CollectionTest, TakesAnEmptyBatchAsNothingToDo) {
    const TestCollection collection(4);
    const skep_matrix none = SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_F32, nullptr, 0, 0);
    const Keys no_keys{};

    EXPECT_EQ(
        skep_collection_add(collection.get(), &none, nullptr, nullptr, nullptr, nullptr, nullptr),
        SKEP_OK);
    EXPECT_THAT(collection.add(no_keys, {}), Succeeds());
    EXPECT_THAT(collection.upsert(no_keys, {}), Succeeds());
    EXPECT_THAT(collection.remove(no_keys), Succeeds());
    EXPECT_EQ(collection.count(), 0U);
}

TEST_F(CollectionTest, ReadsRowsBackBitForBit) {
    const TestCollection collection(7);
    const std::vector<float> rows = random_f32(7 * 20, 3, -1e30F, 1e30F);
    ASSERT_THAT(collection.add(iota_keys(10, 20), rows), Succeeds());

    const std::vector<float> read = collection.row((iota_keys(10, 20)));

    EXPECT_EQ(read, rows);
}

TEST_F(CollectionTest, ReadsRowsWithAStride) {
    const TestCollection collection(2);
    const std::vector<float> values = {1, 2, -1, 3, 4, -1};
    skep_matrix rows = SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_F32, values.data(), 2, 2);
    rows.row_stride_bytes = 3 * sizeof(float);
    ASSERT_EQ(
        skep_collection_add(collection.get(), &rows, nullptr, nullptr, nullptr, nullptr, nullptr),
        SKEP_OK);
    const std::uint64_t asked[] = {1, 0};
    const skep_keys keys = SKEP_U64_KEYS(asked, 2);
    std::vector<float> read(8, -5);
    skep_mutable_matrix target =
        SKEP_HOST_MATRIX(skep_mutable_matrix, SKEP_DTYPE_F32, read.data(), 2, 2);
    target.row_stride_bytes = 4 * sizeof(float);

    ASSERT_EQ(skep_collection_get(collection.get(), &keys, &target, nullptr, nullptr, nullptr),
              SKEP_OK);

    EXPECT_THAT(read, ElementsAre(3, 4, -5, -5, 1, 2, -5, -5));
}

TEST_F(CollectionTest, TellsUnknownKeysApartWhenAskedTo) {
    const TestCollection collection(2);
    ASSERT_THAT(collection.add({1, 2}, {1, 1, 2, 2}), Succeeds());
    ASSERT_THAT(collection.remove({1}), Succeeds());
    const std::uint64_t asked[] = {9, 2, 1};
    const skep_keys keys = SKEP_U64_KEYS(asked, 3);
    std::vector<float> rows(6, -5);
    const skep_mutable_matrix target =
        SKEP_HOST_MATRIX(skep_mutable_matrix, SKEP_DTYPE_F32, rows.data(), 3, 2);
    std::uint8_t found[3] = {7, 7, 7};
    skep_byte_list* payloads = nullptr;

    ASSERT_EQ(skep_collection_get(collection.get(), &keys, &target, &payloads, found, nullptr),
              SKEP_OK);

    EXPECT_THAT(found, ElementsAre(0, 1, 0));
    EXPECT_THAT(rows, ElementsAre(0, 0, 2, 2, 0, 0));
    EXPECT_THAT(take_texts(payloads), ElementsAre("", "", ""));
}

TEST_F(CollectionTest, SkipsRemovedRows) {
    const TestCollection collection(1);
    ASSERT_THAT(collection.add({1, 2, 3}, {1, 2, 3}), Succeeds());

    ASSERT_THAT(collection.remove({2}), Succeeds());

    EXPECT_EQ(collection.count(), 2U);
    EXPECT_FALSE(collection.contains(2));
    EXPECT_THAT(collection.search({2}, 3).keys, ElementsAre(1, 3, UINT64_MAX));
    EXPECT_EQ(collection.stats().num_removed, 1U);
}

TEST_F(CollectionTest, LetsARemovedKeyComeBack) {
    const TestCollection collection(1);
    ASSERT_THAT(collection.add({1, 2}, {1, 2}), Succeeds());
    ASSERT_THAT(collection.remove({1}), Succeeds());

    ASSERT_THAT(collection.add({1}, {10}), Succeeds());

    EXPECT_THAT(collection.row(1), ElementsAre(10));
    EXPECT_THAT(collection.keys(), ElementsAre(2, 1));
    EXPECT_THAT(collection.search({1}, 2).keys, ElementsAre(2, 1));
}

TEST_F(CollectionTest, ReplacesRowsAndPayloadsByUpsert) {
    const TestCollection collection(1);
    const Texts first{"one", "two"};
    const skep_byte_list_view first_payloads = first.view();
    ASSERT_THAT(collection.add({1, 2}, {1, 2}, &first_payloads), Succeeds());
    const Texts second{"new two", "three"};
    const skep_byte_list_view second_payloads = second.view();

    ASSERT_THAT(collection.upsert({2, 3}, {20, 30}, &second_payloads), Succeeds());

    EXPECT_EQ(collection.count(), 3U);
    EXPECT_THAT(collection.keys(), ElementsAre(1, 2, 3));
    EXPECT_THAT(collection.row({1, 2, 3}), ElementsAre(1, 20, 30));
    EXPECT_THAT(collection.payloads({1, 2, 3}), ElementsAre("one", "new two", "three"));
    EXPECT_THAT(collection.search({2}, 4).keys, ElementsAre(1, 2, 3, UINT64_MAX));
}

TEST_F(CollectionTest, DropsThePayloadWhenAnUpsertBringsNone) {
    const TestCollection collection(1);
    const Texts first{"one"};
    const skep_byte_list_view payloads = first.view();
    ASSERT_THAT(collection.add({1}, {1}, &payloads), Succeeds());

    ASSERT_THAT(collection.upsert({1}, {2}), Succeeds());

    EXPECT_THAT(collection.payloads({1}), ElementsAre(""));
}

TEST_F(CollectionTest, KeepsPayloadsOfSomeRowsOnly) {
    const TestCollection collection(1);
    ASSERT_THAT(collection.add({1, 2}, {1, 2}), Succeeds());
    const Texts texts{std::string("a\0b", 3), ""};
    const skep_byte_list_view payloads = texts.view();
    ASSERT_THAT(collection.add({3, 4}, {3, 4}, &payloads), Succeeds());
    ASSERT_THAT(collection.add({5}, {5}), Succeeds());

    const auto read = collection.payloads({1, 2, 3, 4, 5});

    EXPECT_THAT(read, ElementsAre("", "", std::string("a\0b", 3), "", ""));
}

TEST_F(CollectionTest, HandsPayloadsOutWithAnswers) {
    const TestCollection collection(1);
    const Texts texts{"near", "far"};
    const skep_byte_list_view payloads = texts.view();
    ASSERT_THAT(collection.add({1, 2}, {0, 9}, &payloads), Succeeds());
    const std::vector<float> values = {8};
    const skep_matrix queries = rows_of(values, 1);
    skep_search_options options = SKEP_SEARCH_OPTIONS_INIT;
    options.k = 3;
    skep_byte_list* found = nullptr;
    skep_search_output output = SKEP_SEARCH_OUTPUT_INIT;
    output.payloads = &found;

    ASSERT_EQ(
        skep_collection_search(collection.get(), &queries, &options, &output, nullptr, nullptr),
        SKEP_OK);

    EXPECT_THAT(take_texts(found), ElementsAre("far", "near", ""));
}

TEST_F(CollectionTest, FindsRowsByStringKeys) {
    const TestCollection collection(1, SKEP_METRIC_L2, SKEP_KEY_STRING);
    const Texts keys{"käse", std::string(256, 'x'), "b"};
    ASSERT_THAT(collection.add(keys.keys(), {1, 2, 3}), Succeeds());

    EXPECT_THAT(collection.search({1}, 4).strings,
                ElementsAre("käse", std::string(256, 'x'), "b", ""));
    EXPECT_THAT(collection.row(Texts{"b", "käse"}.keys()), ElementsAre(3, 1));
    ASSERT_THAT(collection.upsert(Texts{"b", "c"}.keys(), {30, 40}), Succeeds());
    ASSERT_THAT(collection.remove(Texts{"käse"}.keys()), Succeeds());
    EXPECT_THAT(collection.string_keys(), ElementsAre(std::string(256, 'x'), "b", "c"));
    ASSERT_THAT(collection.compact(), Succeeds());
    EXPECT_THAT(collection.string_keys(), ElementsAre(std::string(256, 'x'), "b", "c"));
    EXPECT_THAT(collection.row(Texts{"b"}.keys()), ElementsAre(30));
}

TEST_F(CollectionTest, ListsKeysInTheOrderOfTheirRows) {
    const TestCollection collection(1);
    ASSERT_THAT(collection.add({5, 1, 9}, {1, 2, 3}), Succeeds());
    ASSERT_THAT(collection.upsert({1}, {4}), Succeeds());
    std::uint64_t keys[3] = {70, 71, 72};
    std::uint64_t num_keys = 0;

    ASSERT_EQ(skep_collection_list_keys(collection.get(), keys, 2, &num_keys, nullptr, nullptr),
              SKEP_OK);
    EXPECT_EQ(num_keys, 3U);
    EXPECT_THAT(keys, ElementsAre(70, 71, 72));

    ASSERT_EQ(skep_collection_list_keys(collection.get(), keys, 3, &num_keys, nullptr, nullptr),
              SKEP_OK);
    EXPECT_THAT(keys, ElementsAre(5, 9, 1));
}

TEST_F(CollectionTest, IsEmptyAfterClearAndTakesTheSameKeysAgain) {
    const TestCollection collection(1);
    const Texts texts{"a", "b"};
    const skep_byte_list_view payloads = texts.view();
    ASSERT_THAT(collection.add({1, 2}, {1, 2}, &payloads), Succeeds());
    ASSERT_THAT(collection.remove({1}), Succeeds());
    const std::uint64_t capacity = collection.stats().capacity_rows;

    ASSERT_THAT(collection.clear(), Succeeds());

    EXPECT_EQ(collection.count(), 0U);
    EXPECT_EQ(collection.stats().num_removed, 0U);
    EXPECT_EQ(collection.stats().capacity_rows, capacity);
    EXPECT_THAT(collection.search({1}, 1).counts, ElementsAre(0));
    ASSERT_THAT(collection.add({2, 1}, {20, 10}), Succeeds());
    EXPECT_THAT(collection.keys(), ElementsAre(2, 1));
    EXPECT_THAT(collection.payloads({2, 1}), ElementsAre("", ""));
    EXPECT_THAT(collection.search({10}, 2).keys, ElementsAre(1, 2));
}

TEST_F(CollectionTest, KeepsOrderKeysAndAnswersThroughCompact) {
    const TestCollection collection(3);
    const std::vector<float> rows = random_f32(3 * 100, 5);
    std::vector<std::string> texts;
    for (int row = 0; row < 100; ++row)
        texts.push_back("payload " + std::to_string(row));
    const Texts payloads(texts);
    const skep_byte_list_view payload_view = payloads.view();
    ASSERT_THAT(collection.add((iota_keys(0, 100)), rows, &payload_view), Succeeds());
    ASSERT_THAT(collection.upsert({7, 8}, {1, 1, 1, 2, 2, 2}), Succeeds());
    for (std::uint64_t key = 0; key < 100; key += 3) {
        ASSERT_THAT(collection.remove({key}), Succeeds());
    }
    auto before = collection.state();
    ASSERT_EQ(before.num_removed, 36U);

    ASSERT_THAT(collection.compact(), Succeeds());

    before.num_removed = 0;
    EXPECT_EQ(collection.state(), before);
    ASSERT_THAT(collection.add({3, 200}, {0, 0, 0, 5, 5, 5}), Succeeds());
    EXPECT_THAT(collection.search({5, 5, 5}, 1).keys, ElementsAre(200));
}

TEST_F(CollectionTest, CompactsToNothing) {
    const TestCollection collection(1);
    ASSERT_THAT(collection.add({1, 2}, {1, 2}), Succeeds());
    ASSERT_THAT(collection.remove({1, 2}), Succeeds());

    ASSERT_THAT(collection.compact(), Succeeds());

    EXPECT_EQ(collection.count(), 0U);
    ASSERT_THAT(collection.add({1}, {1}), Succeeds());
    EXPECT_THAT(collection.search({0}, 1).keys, ElementsAre(1));
}

TEST_F(CollectionTest, GrowsAsPromisedAndKeepsEarlyRows) {
    const TestCollection collection(128);
    const std::vector<float> first = random_f32(1200 * 128, 1);
    const std::vector<float> second = random_f32(1200 * 128, 2);

    ASSERT_THAT(collection.add(first), Succeeds());
    // 1 MiB is 2 048 rows of 128 floats.
    EXPECT_EQ(collection.stats().capacity_rows, 2048U);
    ASSERT_THAT(collection.add(second), Succeeds());

    EXPECT_EQ(collection.stats().capacity_rows, 3072U);
    EXPECT_EQ(collection.count(), 2400U);
    const std::vector<float> query(first.begin(), first.begin() + 128);
    EXPECT_THAT(collection.search(query, 1).keys, ElementsAre(0));
    EXPECT_EQ(collection.row(5),
              std::vector<float>(first.begin() + 5 * 128, first.begin() + 6 * 128));
}

TEST_F(CollectionTest, AddsUpToTheReservedCountWithoutGrowing) {
    const TestCollection collection(1);
    ASSERT_THAT(collection.add({1, 2, 3}, {1, 2, 3}), Succeeds());
    ASSERT_THAT(collection.remove({1}), Succeeds());
    ASSERT_EQ(skep_collection_reserve(collection.get(), 400000, nullptr), SKEP_OK);
    // One removed row takes room too.
    EXPECT_EQ(collection.stats().capacity_rows, 400001U);
    MemoryBackend::record_calls(true);

    ASSERT_THAT(collection.add(std::vector<float>(399998, 1.0F)), Succeeds());

    EXPECT_THAT(MemoryBackend::calls(), ::testing::Not(::testing::Contains("reserve")));
    EXPECT_EQ(collection.count(), 400000U);
}

TEST_F(CollectionTest, AddsWithoutSpareRoomWhenMemoryIsShort) {
    const TestCollection collection(1);
    MemoryBackend::fail_operation("reserve", 1, SKEP_OUT_OF_DEVICE_MEMORY);

    ASSERT_THAT(collection.add({1, 2}, {1, 2}), Succeeds());

    EXPECT_TRUE(MemoryBackend::has_failed());
    EXPECT_EQ(collection.stats().capacity_rows, 2U);
}

TEST_F(CollectionTest, FindsEveryRowByItself) {
    const TestCollection collection(16);
    const std::vector<float> rows = random_f32(16 * 200, 9);
    ASSERT_THAT(collection.add(rows), Succeeds());

    const auto answer = collection.search(rows, 1);

    EXPECT_EQ(answer.keys, iota_keys(0, 200));
    EXPECT_THAT(answer.distances, ::testing::Each(0.0F));
}

TEST_F(CollectionTest, OrdersOneDataSetByThreeMetrics) {
    const std::vector<float> rows = {1, 0, 3, 4, 0.5F, 0.1F, -1, 0, 0, 0};
    const TestCollection l2(2, SKEP_METRIC_L2);
    const TestCollection product(2, SKEP_METRIC_INNER_PRODUCT);
    const TestCollection cosine(2, SKEP_METRIC_COSINE);
    for (const TestCollection* collection : {&l2, &product, &cosine}) {
        ASSERT_THAT(collection->add(rows), Succeeds());
    }

    EXPECT_THAT(l2.search({1, 0}, 5).keys, ElementsAre(0, 2, 4, 3, 1));
    EXPECT_THAT(product.search({1, 0}, 5).keys, ElementsAre(1, 0, 2, 4, 3));
    EXPECT_THAT(cosine.search({1, 0}, 5).keys, ElementsAre(0, 2, 1, 4, 3));
    // Identical, mixed, orthogonal by convention for the zero vector, opposite.
    const auto distances = cosine.search({1, 0}, 5).distances;
    EXPECT_EQ(distances[0], 0.0F);
    EXPECT_NEAR(distances[2], 0.4F, 1e-6F);
    EXPECT_EQ(distances[3], 1.0F);
    EXPECT_EQ(distances[4], 2.0F);
}

TEST_F(CollectionTest, AgreesWithAPlainScanOnRandomRows) {
    const TestCollection collection(64, SKEP_METRIC_COSINE);
    const std::vector<float> rows = random_f32(2000 * 64, 21);
    const std::vector<float> queries = random_f32(3 * 64, 22);
    ASSERT_THAT(collection.add(rows), Succeeds());

    const auto answer = collection.search(queries, 10);

    for (std::size_t query = 0; query < 3; ++query) {
        std::vector<std::pair<double, std::uint64_t>> expected;
        for (std::uint64_t row = 0; row < 2000; ++row) {
            expected.emplace_back(
                distance(SKEP_METRIC_COSINE, &queries[query * 64], &rows[row * 64], 64), row);
        }
        std::sort(expected.begin(), expected.end());
        for (std::size_t rank = 0; rank < 10; ++rank) {
            EXPECT_EQ(answer.keys[query * 10 + rank], expected[rank].second);
            EXPECT_EQ(answer.distances[query * 10 + rank],
                      static_cast<float>(expected[rank].first));
        }
    }
}

TEST_F(CollectionTest, SplitsQueriesIntoBatchesThatTheDeviceTakes) {
    MemoryBackend::info().max_batch = 3;
    const TestCollection collection(1);
    ASSERT_THAT(collection.add({0, 1, 2, 3, 4, 5, 6, 7}), Succeeds());
    MemoryBackend::record_calls(true);

    const auto answer = collection.search({7, 6, 5, 4, 3, 2, 1}, 1);

    EXPECT_THAT(answer.keys, ElementsAre(7, 6, 5, 4, 3, 2, 1));
    EXPECT_THAT(MemoryBackend::calls(), ElementsAre("search", "search", "search"));
}

TEST_F(CollectionTest, ServesManyDimensions) {
    for (const std::uint32_t dim : {1U, 10U, 1024U, 65536U}) {
        const TestCollection collection(dim);
        const std::vector<float> rows = random_f32(std::size_t{3} * dim, dim);
        ASSERT_THAT(collection.add(rows), Succeeds());
        const std::vector<float> query(rows.begin() + dim, rows.begin() + 2 * dim);
        EXPECT_THAT(collection.search(query, 1).keys, ElementsAre(1)) << dim;
    }
}

TEST_F(CollectionTest, TakesRowsFromTheDevicesOwnMemory) {
    MemoryBackend::info().memory_kind = SKEP_MEMORY_EXTENSION;
    MemoryBackend::info().memory_device_id = 2;
    MemoryBackend::info().capabilities |= SKEP_CAPABILITY_DEVICE_MATRICES;
    const TestCollection collection(2);
    std::vector<float> values = {1, 2, 3, 4};
    skep_matrix rows = rows_of(values, 2);
    rows.memory_kind = SKEP_MEMORY_EXTENSION;
    rows.memory_device_id = 2;
    const auto add = [&] {
        return outcome([&](skep_error* error) {
            return skep_collection_add(collection.get(), &rows, nullptr, nullptr, nullptr, nullptr,
                                       error);
        });
    };

    ASSERT_THAT(add(), Succeeds());
    EXPECT_THAT(collection.row(1), ElementsAre(3, 4));

    values[3] = std::nanf("");
    EXPECT_THAT(add(), FailsWith(SKEP_NOT_FINITE, "row 1 component 1"));
    EXPECT_EQ(collection.count(), 2U);
    values[3] = 5;
    ASSERT_THAT(add(), Succeeds());
    EXPECT_THAT(collection.keys(), ElementsAre(0, 1, 2, 3));
}

TEST_F(CollectionTest, CountsSearches) {
    const TestCollection collection(1);
    ASSERT_THAT(collection.add({1}, {1}), Succeeds());
    static_cast<void>(collection.search({1, 2, 3}, 1));
    static_cast<void>(collection.search({1}, 1));

    const skep_collection_stats stats = collection.stats();

    EXPECT_EQ(stats.num_searches, 4U);
    EXPECT_EQ(stats.num_rows, 1U);
    EXPECT_EQ(stats.row_bytes, 4U);
    EXPECT_EQ(stats.reserved_bytes, std::uint64_t{1} << 20);
    EXPECT_GT(stats.key_bytes, 0U);
    EXPECT_EQ(stats.payload_bytes, 0U);
}

TEST_F(CollectionTest, OutlivesNothingItsFilterNeeds) {
    TestCollection collection(1);
    ASSERT_THAT(collection.add({1}, {1}), Succeeds());
    FilterHandle filter = collection.filter(SKEP_FILTER_ALLOW, {1});

    collection.destroy();

    EXPECT_GT(MemoryBackend::num_live_objects(), 0);
    filter.reset();
}

}  // namespace
}  // namespace skep::testing
