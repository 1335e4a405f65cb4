// SPDX-License-Identifier: MIT
// Collections with index hnsw on the processor: a life of adds, upserts, removals, compaction and
// files, compared with exact search.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <random>

#include "support/generators.hpp"
#include "support/graph_collection.hpp"
#include "support/temporary_folder.hpp"

namespace skep::testing {
namespace {

constexpr std::uint64_t kK = 10;
constexpr std::uint32_t kEf = 50;

class GraphCollection : public ::testing::Test {
  protected:
    void add(const Collection& collection, std::uint64_t first, std::uint64_t count) const {
        const skep_matrix rows = sift_rows(first, count);
        const std::vector<std::uint64_t> keys = keys_from(first, count);
        const skep_keys view = view_of(keys);
        ASSERT_EQ(
            skep_collection_add(collection.get(), &rows, &view, nullptr, nullptr, nullptr, nullptr),
            SKEP_OK);
    }
    void upsert(const Collection& collection, std::uint64_t first_row, std::uint64_t count,
                std::uint64_t first_key) const {
        const skep_matrix rows = sift_rows(first_row, count);
        const std::vector<std::uint64_t> keys = keys_from(first_key, count);
        const skep_keys view = view_of(keys);
        ASSERT_EQ(skep_collection_upsert(collection.get(), &rows, &view, nullptr, nullptr, nullptr),
                  SKEP_OK);
    }
    void remove(const Collection& collection, const std::vector<std::uint64_t>& keys) const {
        const skep_keys view = view_of(keys);
        ASSERT_EQ(skep_collection_remove(collection.get(), &view, nullptr), SKEP_OK);
    }
    [[nodiscard]] double recall_of(const Collection& collection, std::uint32_t ef = kEf) const {
        return recall(search(collection, sift_queries(), kK, ef),
                      exact_hits(runtime_, collection, sift_queries(), kK));
    }
    // Of a collection built at once of the same rows.
    [[nodiscard]] double recall_of_fresh(std::uint64_t first, std::uint64_t count) const {
        const Collection fresh = make_collection(runtime_);
        add(fresh, first, count);
        return recall_of(fresh);
    }

    Runtime runtime_ = builtin_runtime();
};

TEST_F(GraphCollection, FindsNearlyAllAndTellsItsFigures) {
    const Collection collection = make_collection(runtime_);
    add(collection, 0, 10000);

    EXPECT_GE(recall_of(collection), 0.98);
    EXPECT_LE(recall_of(collection, 10), 0.95);  // ef_search is honoured
    const skep_collection_stats stats = collection.stats().value();
    EXPECT_EQ(stats.num_linked, 10000U);
    EXPECT_GE(stats.num_links, 10000U * 16);
    EXPECT_LE(stats.num_links, 10000U * 34);
    EXPECT_GE(stats.num_levels, 3U);
    EXPECT_NEAR(static_cast<double>(stats.graph_bytes) / 10000.0, 137.3, 2.0);
    EXPECT_GE(stats.graph_reserved_bytes, stats.graph_bytes);
}

TEST_F(GraphCollection, FlatOnesHaveNoGraph) {
    const Collection collection =
        make_collection(runtime_, {128, SKEP_DTYPE_U8, 16, 100, SKEP_INDEX_FLAT});
    add(collection, 0, 100);
    const skep_collection_stats stats = collection.stats().value();
    EXPECT_EQ(stats.num_linked, 0U);
    EXPECT_EQ(stats.graph_bytes, 0U);
}

TEST_F(GraphCollection, BeginsWithASingleRow) {
    const Collection collection = make_collection(runtime_);
    add(collection, 0, 1);
    EXPECT_EQ(collection.stats().value().num_linked, 1U);
    add(collection, 1, 1);
    EXPECT_EQ(search(collection, sift_rows(0, 2), 1, 0).keys, (std::vector<std::uint64_t>{0, 1}));
}

TEST_F(GraphCollection, TakesRowsInOneByOne) {
    const Collection collection = make_collection(runtime_);
    add(collection, 0, 500);
    for (std::uint64_t row = 500; row < 1500; ++row)
        add(collection, row, 1);
    EXPECT_EQ(collection.stats().value().num_linked, 1500U);
    EXPECT_GE(recall_of(collection), 0.98);
}

// Stops a call in the middle of its work. Rows are appended at one go, so that this is linking.
std::int32_t stop_half_way(void*, std::uint64_t done, std::uint64_t total) {
    return done > 0 && done < total ? 1 : 0;
}

TEST_F(GraphCollection, LogsThatLinkingEndedEarly) {
    struct Line {
        std::int32_t level;
        std::string text;
    };
    std::vector<Line> lines;
    skep_runtime_options options = SKEP_RUNTIME_OPTIONS_INIT;
    options.flags = SKEP_RUNTIME_BUILTIN_ONLY | SKEP_RUNTIME_IGNORE_ENVIRONMENT;
    options.num_threads = 1;
    options.log_level = SKEP_LOG_INFO;
    options.user_data = &lines;
    options.log = [](void* user_data, std::int32_t level, const char* component, std::uint64_t,
                     const char* message) {
        if (std::string(component) != "collection") return;
        static_cast<std::vector<Line>*>(user_data)->push_back({level, message});
    };
    const Runtime runtime = Runtime::create(&options).value();
    const Collection collection = make_collection(runtime);
    add(collection, 0, 600);
    EXPECT_TRUE(lines.empty());
    skep_call_options call = SKEP_CALL_OPTIONS_INIT;
    call.progress = stop_half_way;
    const skep_matrix rows = sift_rows(600, 3000);
    ASSERT_EQ(
        skep_collection_add(collection.get(), &rows, nullptr, nullptr, &call, nullptr, nullptr),
        SKEP_OK);

    const std::uint64_t num_linked = collection.stats().value().num_linked;
    ASSERT_LT(num_linked, 3600U);
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_EQ(lines[0].level, SKEP_LOG_INFO);
    EXPECT_THAT(lines[0].text, ::testing::AllOf(::testing::HasSubstr("add: linking ended early"),
                                                ::testing::HasSubstr(std::to_string(num_linked) +
                                                                     " of 3600 rows are linked")));
}

TEST_F(GraphCollection, FindsRowsThatAreNotLinkedYet) {
    const Collection collection = make_collection(runtime_, {128, SKEP_DTYPE_U8, 32, 400});
    add(collection, 0, 1000);
    skep_call_options call = SKEP_CALL_OPTIONS_INIT;
    call.progress = stop_half_way;
    const skep_matrix rows = sift_rows(1000, 8000);

    ASSERT_EQ(
        skep_collection_add(collection.get(), &rows, nullptr, nullptr, &call, nullptr, nullptr),
        SKEP_OK);

    EXPECT_EQ(collection.count().value(), 9000U);
    const std::uint64_t num_linked = collection.stats().value().num_linked;
    EXPECT_GE(num_linked, 1000U);
    ASSERT_LT(num_linked, 9000U);
    const Hits all = search(collection, sift_rows(0, 9000), 1, 0);
    for (std::uint64_t row = num_linked; row < 9000; ++row)
        ASSERT_EQ(all.keys[row], row);
    EXPECT_GE(recall_of(collection), 0.99);

    add(collection, 9000, 1);
    EXPECT_EQ(collection.stats().value().num_linked, 9001U);
    EXPECT_GE(recall_of(collection), 0.98);
}

TEST_F(GraphCollection, ForgetsNothingWhenItsRowsAreReplacedAndCompacted) {
    const Collection collection = make_collection(runtime_);
    add(collection, 0, 5000);
    const double before = recall_of(collection);
    // Every row once: other vectors under the same keys, a tenth at a time.
    for (std::uint64_t part = 0; part < 10; ++part)
        upsert(collection, 5000 + part * 500, 500, part * 500);
    EXPECT_EQ(collection.count().value(), 5000U);
    EXPECT_EQ(collection.stats().value().num_removed, 5000U);
    const double fresh = recall_of_fresh(5000, 5000);
    EXPECT_GE(recall_of(collection), std::min(before, fresh) - 0.01);

    ASSERT_EQ(skep_collection_compact(collection.get(), nullptr, nullptr), SKEP_OK);

    EXPECT_EQ(collection.stats().value().num_linked, 5000U);
    EXPECT_EQ(collection.stats().value().num_removed, 0U);
    EXPECT_GE(recall_of(collection), fresh - 0.01);
}

TEST_F(GraphCollection, KeepsRecallThroughManyCompactions) {
    const Collection collection = make_collection(runtime_);
    add(collection, 0, 5000);
    std::uint64_t next_row = 5000;
    std::mt19937_64 engine(2);
    std::vector<std::uint64_t> keys = keys_from(0, 5000);
    for (int round = 0; round < 10; ++round) {
        std::shuffle(keys.begin(), keys.end(), engine);
        remove(collection, {keys.begin(), keys.begin() + 500});
        add(collection, next_row, 500);
        for (std::size_t i = 0; i < 500; ++i)
            keys[i] = next_row + i;
        next_row += 500;
        ASSERT_EQ(skep_collection_compact(collection.get(), nullptr, nullptr), SKEP_OK);
    }
    EXPECT_EQ(collection.stats().value().num_linked, 5000U);
    EXPECT_GE(recall_of(collection), recall_of_fresh(0, 5000) - 0.01);
}

TEST_F(GraphCollection, NeverReturnsRemovedRowsAndTakesTheirKeysAgain) {
    const Collection collection = make_collection(runtime_);
    add(collection, 0, 4000);
    remove(collection, keys_from(1000, 2500));
    const Hits hits = search(collection, sift_rows(0, 4000), 5, 30);
    for (const std::uint64_t key : hits.keys)
        ASSERT_TRUE(key < 1000 || key >= 3500) << key;
    EXPECT_GE(recall_of(collection), 0.98);
    add(collection, 1000, 2500);
    EXPECT_GE(recall_of(collection), 0.98);
    EXPECT_EQ(search(collection, sift_rows(1234, 1), 1, 50).keys[0], 1234U);
}

TEST_F(GraphCollection, StartsAnewAfterClear) {
    const Collection collection = make_collection(runtime_);
    ASSERT_EQ(skep_collection_reserve(collection.get(), 3000, nullptr), SKEP_OK);
    add(collection, 0, 3000);
    const Hits first = search(collection, sift_queries(), kK, kEf);
    ASSERT_EQ(skep_collection_clear(collection.get(), nullptr), SKEP_OK);
    EXPECT_EQ(collection.stats().value().num_linked, 0U);
    EXPECT_EQ(search(collection, sift_queries(), kK, kEf).keys[0], UINT64_MAX);
    add(collection, 0, 3000);
    const Hits second = search(collection, sift_queries(), kK, kEf);
    EXPECT_EQ(second.keys, first.keys);
    EXPECT_EQ(second.distances, first.distances);
}

TEST_F(GraphCollection, ComesBackFromItsFile) {
    const TemporaryFolder folder;
    const Collection collection = make_collection(runtime_);
    add(collection, 0, 3000);
    ASSERT_TRUE(collection.save(folder / "a.skep"));
    const Hits before = search(collection, sift_queries(), kK, kEf);
    for (const std::uint32_t flags : {0U, std::uint32_t{SKEP_OPEN_MAP}}) {
        const Collection opened =
            Collection::open(runtime_, (folder / "a.skep").c_str(), "cpu", flags).value();
        EXPECT_EQ(opened.info().value().m, 16U);
        EXPECT_EQ(opened.stats().value().num_links, collection.stats().value().num_links);
        const Hits after = search(opened, sift_queries(), kK, kEf);
        EXPECT_EQ(after.keys, before.keys);
        EXPECT_EQ(after.distances, before.distances);
        add(opened, 3000, 500);
        EXPECT_GE(recall_of(opened), 0.98);
        ASSERT_EQ(skep_collection_clear(opened.get(), nullptr), SKEP_OK);
        add(opened, 0, 500);
        EXPECT_GE(recall_of(opened), 0.98);
    }
}

TEST_F(GraphCollection, SavesWithoutRemovedRows) {
    const TemporaryFolder folder;
    const Collection collection = make_collection(runtime_);
    add(collection, 0, 4000);
    remove(collection, keys_from(500, 1500));
    ASSERT_TRUE(collection.save(folder / "a.skep"));
    const Collection opened =
        Collection::open(runtime_, (folder / "a.skep").c_str(), "cpu").value();
    EXPECT_EQ(opened.stats().value().num_linked, 2500U);
    EXPECT_EQ(opened.stats().value().num_removed, 0U);
    EXPECT_GE(recall_of(opened), 0.98);
    // The graph was not built anew: saving the same state again gives the same bytes.
    ASSERT_TRUE(opened.save(folder / "b.skep"));
    EXPECT_EQ(read_bytes(folder / "b.skep"), read_bytes(folder / "a.skep"));
}

TEST_F(GraphCollection, FiltersByKeys) {
    const Collection collection = make_collection(runtime_);
    add(collection, 0, 5000);
    for (const std::uint64_t step : {2U, 10U, 500U}) {
        std::vector<std::uint64_t> allowed;
        for (std::uint64_t key = 0; key < 5000; key += step)
            allowed.push_back(key);
        const skep_keys view = view_of(allowed);
        skep_filter* filter = nullptr;
        ASSERT_EQ(skep_filter_create(collection.get(), SKEP_FILTER_ALLOW, &view, &filter, nullptr),
                  SKEP_OK);
        const Hits found = search(collection, sift_queries(), kK, kEf, filter);
        for (const std::uint64_t key : found.keys)
            ASSERT_EQ(key % step, 0U);
        const Collection flat =
            make_collection(runtime_, {128, SKEP_DTYPE_U8, 16, 100, SKEP_INDEX_FLAT});
        for (const std::uint64_t key : allowed)
            add(flat, key, 1);
        EXPECT_GE(recall(found, search(flat, sift_queries(), kK, 0)), 0.98) << step;
        skep_filter_destroy(filter);
    }
}

TEST_F(GraphCollection, RefusesAnAddWithoutTrace) {
    const Collection collection = make_collection(runtime_);
    add(collection, 0, 1000);
    const skep_collection_stats before = collection.stats().value();
    const skep_matrix rows = sift_rows(500, 600);
    const std::vector<std::uint64_t> keys = keys_from(900, 600);  // some are there
    const skep_keys view = view_of(keys);
    EXPECT_EQ(
        skep_collection_add(collection.get(), &rows, &view, nullptr, nullptr, nullptr, nullptr),
        SKEP_DUPLICATE_KEY);
    const skep_collection_stats after = collection.stats().value();
    EXPECT_EQ(after.num_linked, before.num_linked);
    EXPECT_EQ(after.num_links, before.num_links);
    EXPECT_EQ(after.num_rows, before.num_rows);
}

TEST_F(GraphCollection, SearchesFloatsInEveryMetric) {
    const std::vector<float> rows = random_f32(3000 * 20, 31);
    const std::vector<float> queries = random_f32(40 * 20, 32);
    for (int metric = 0; metric < SKEP_NUM_METRICS; ++metric) {
        CollectionOptions options;
        options.dim = 20;
        options.metric = metric;
        options.device = "cpu";
        options.index = SKEP_INDEX_HNSW;
        Collection graph = Collection::create(runtime_, options).value();
        options.index = SKEP_INDEX_FLAT;
        Collection flat = Collection::create(runtime_, options).value();
        ASSERT_TRUE(graph.add(matrix_of(rows, 20)));
        ASSERT_TRUE(flat.add(matrix_of(rows, 20)));
        EXPECT_EQ(graph.info().value().m, 16U);
        EXPECT_EQ(graph.info().value().ef_construction, 200U);
        const Hits found = search(graph, matrix_of(queries, 20), kK, 100);
        EXPECT_GE(recall(found, search(flat, matrix_of(queries, 20), kK, 0)), 0.97) << metric;
    }
}

}  // namespace
}  // namespace skep::testing
