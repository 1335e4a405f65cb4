// SPDX-License-Identifier: MIT
// Searches that ask for a recall: what they reach, what is remembered, when it is measured again.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

#include "support/graph_collection.hpp"
#include "support/temporary_folder.hpp"

namespace skep::testing {
namespace {

constexpr std::uint64_t kK = 10;

class Calibration : public ::testing::Test {
  protected:
    static void add(const Collection& collection, std::uint64_t first, std::uint64_t count) {
        const skep_matrix rows = sift_rows(first, count);
        const std::vector<std::uint64_t> keys = keys_from(first, count);
        const skep_keys view = view_of(keys);
        ASSERT_EQ(
            skep_collection_add(collection.get(), &rows, &view, nullptr, nullptr, nullptr, nullptr),
            SKEP_OK);
    }
    static std::uint32_t calibrate(const Collection& collection, double recall,
                                   const skep_matrix* queries = nullptr, std::uint64_t k = kK) {
        std::uint32_t ef_search = 0;
        skep_error error = SKEP_ERROR_INIT;
        EXPECT_EQ(skep_collection_calibrate(collection.get(), k, recall, queries, nullptr,
                                            &ef_search, &error),
                  SKEP_OK)
            << error.message;
        return ef_search;
    }
    static Hits search_for(const Collection& collection, double recall,
                           skep_filter* filter = nullptr) {
        skep_search_options options = SKEP_SEARCH_OPTIONS_INIT;
        options.k = kK;
        options.recall = recall;
        options.filter = filter;
        return collection.search(sift_queries(), options).value();
    }
    [[nodiscard]] double recall_at(const Collection& collection, std::uint32_t ef_search) const {
        return recall(search(collection, sift_queries(), kK, ef_search),
                      exact_hits(runtime_, collection, sift_queries(), kK));
    }

    Runtime runtime_ = builtin_runtime();
};

TEST_F(Calibration, FindsTheSmallestListThatReachesTheRecallOfItsQueries) {
    const Collection collection = make_collection(runtime_);
    add(collection, 0, 10000);
    const skep_matrix queries = sift_queries();
    for (const double wanted : {0.90, 0.95, 0.99}) {
        const std::uint32_t ef_search = calibrate(collection, wanted, &queries);
        EXPECT_GE(recall_at(collection, ef_search), wanted);
        EXPECT_LT(recall_at(collection, ef_search - 1 - ef_search / 32), wanted);
    }
    // All of them: as wide as it takes.
    EXPECT_EQ(recall_at(collection, calibrate(collection, 1.0, &queries)), 1.0);
}

TEST_F(Calibration, PointsMadeFromRowsStandInForQueries) {
    const Collection collection = make_collection(runtime_);
    add(collection, 0, 10000);
    const std::uint32_t ef_search = calibrate(collection, 0.95);
    EXPECT_EQ(calibrate(collection, 0.95), ef_search);
    EXPECT_NEAR(recall_at(collection, ef_search), 0.95, 0.03);
    EXPECT_GT(calibrate(collection, 0.99), ef_search);
    EXPECT_GE(calibrate(collection, 0.95, nullptr, 50), 50U);
}

TEST_F(Calibration, IsWhatSearchesThatAskForTheRecallTake) {
    const Collection collection = make_collection(runtime_);
    add(collection, 0, 10000);
    const skep_matrix queries = sift_queries();
    const std::uint32_t ef_search = calibrate(collection, 0.97, &queries);
    EXPECT_EQ(search_for(collection, 0.97).keys, search(collection, queries, kK, ef_search).keys);
    // Nobody has measured this one.
    const Hits hits = search_for(collection, 0.8);
    EXPECT_EQ(hits.keys, search(collection, queries, kK, calibrate(collection, 0.8)).keys);
}

TEST_F(Calibration, FiltersWidenIt) {
    const Collection collection = make_collection(runtime_);
    add(collection, 0, 10000);
    std::vector<std::uint64_t> keys;
    for (std::uint64_t key = 0; key < 10000; key += 3)
        keys.push_back(key);
    const skep_keys view = view_of(keys);
    skep_filter* filter = nullptr;
    ASSERT_EQ(skep_filter_create(collection.get(), SKEP_FILTER_ALLOW, &view, &filter, nullptr),
              SKEP_OK);
    const Hits hits = search_for(collection, 0.95, filter);
    skep_search_options wide = SKEP_SEARCH_OPTIONS_INIT;
    wide.k = kK;
    wide.ef_search = 10000;  // a scan
    wide.filter = filter;
    const Hits truth = collection.search(sift_queries(), wide).value();
    skep_filter_destroy(filter);
    EXPECT_GE(recall(hits, truth), 0.92);
    for (const std::uint64_t key : hits.keys)
        EXPECT_EQ(key % 3, 0U);
}

TEST_F(Calibration, IsSavedAndOpened) {
    const TemporaryFolder folder;
    const std::string path = folder / "calibrated.skep";
    std::uint32_t ef_search = 0;
    {
        const Collection collection = make_collection(runtime_);
        add(collection, 0, 3000);
        const skep_matrix queries = sift_queries();
        ef_search = calibrate(collection, 0.96, &queries);
        ASSERT_TRUE(collection.save(path));
    }
    const Collection opened = Collection::open(runtime_, path, "cpu").value();
    EXPECT_EQ(search_for(opened, 0.96).keys, search(opened, sift_queries(), kK, ef_search).keys);
    skep_byte_list* list = nullptr;
    ASSERT_EQ(skep_file_describe(path.c_str(), &list, nullptr), SKEP_OK);
    const ByteList described(list);
    EXPECT_NE(described[0].find("\"recall_millionths\":960000"), std::string_view::npos);
}

// What given queries told holds until the collection has become half as large again.
TEST_F(Calibration, IsMeasuredAgainWhenTheCollectionHasGrown) {
    constexpr double kWanted = 0.999;
    const Collection collection = make_collection(runtime_);
    add(collection, 0, 2000);
    const skep_matrix easy = sift_rows(0, 1);
    const std::uint32_t narrow = calibrate(collection, kWanted, &easy);
    ASSERT_LT(recall_at(collection, narrow), kWanted);
    add(collection, 2000, 900);
    EXPECT_EQ(search_for(collection, kWanted).keys,
              search(collection, sift_queries(), kK, narrow).keys);

    add(collection, 2900, 7100);
    const Hits truth = exact_hits(runtime_, collection, sift_queries(), kK);
    EXPECT_LT(recall_at(collection, narrow), 0.98);
    EXPECT_GE(recall(search_for(collection, kWanted), truth), 0.99);
}

TEST_F(Calibration, IsForgottenWithTheRows) {
    Collection collection = make_collection(runtime_);
    add(collection, 0, 2000);
    const skep_matrix easy = sift_rows(0, 1);
    const std::uint32_t narrow = calibrate(collection, 0.999, &easy);
    ASSERT_TRUE(collection.clear());
    add(collection, 0, 2000);
    EXPECT_NE(search_for(collection, 0.999).keys,
              search(collection, sift_queries(), kK, narrow).keys);
}

TEST_F(Calibration, FlatCollectionsNeedNone) {
    const Collection collection =
        make_collection(runtime_, {128, SKEP_DTYPE_U8, 16, 100, SKEP_INDEX_FLAT});
    add(collection, 0, 500);
    EXPECT_EQ(calibrate(collection, 0.9), 0U);
    EXPECT_EQ(search_for(collection, 0.9).keys, search(collection, sift_queries(), kK, 0).keys);
}

TEST_F(Calibration, TakesCollectionsOfAnySize) {
    const Collection collection = make_collection(runtime_);
    EXPECT_EQ(calibrate(collection, 0.9), 0U);
    EXPECT_EQ(search_for(collection, 0.9).keys.at(0), UINT64_MAX);
    for (const std::uint64_t count : {1U, 1U, 9U}) {
        add(collection, collection.count().value(), count);
        EXPECT_GE(calibrate(collection, 1.0), 1U);
        EXPECT_EQ(search_for(collection, 1.0).keys,
                  exact_hits(runtime_, collection, sift_queries(), kK).keys);
    }
}

TEST_F(Calibration, RefusesWhatItCannotMean) {
    const Collection collection = make_collection(runtime_);
    add(collection, 0, 100);
    skep_error error = SKEP_ERROR_INIT;
    std::uint32_t untouched = 77;
    for (const double recall : {0.0, -0.5, 1.01, std::numeric_limits<double>::quiet_NaN(),
                                std::numeric_limits<double>::infinity()}) {
        EXPECT_EQ(skep_collection_calibrate(collection.get(), kK, recall, nullptr, nullptr,
                                            &untouched, &error),
                  SKEP_INVALID_ARGUMENT);
        EXPECT_NE(std::string(error.message).find("recall"), std::string::npos) << error.message;
        if (recall == 0.0) continue;  // of searches: not asked
        skep_search_options options = SKEP_SEARCH_OPTIONS_INIT;
        options.recall = recall;
        EXPECT_EQ(collection.search(sift_queries(), options).error().status(),
                  SKEP_INVALID_ARGUMENT);
    }
    EXPECT_EQ(
        skep_collection_calibrate(collection.get(), 0, 0.9, nullptr, nullptr, &untouched, &error),
        SKEP_INVALID_K);
    const skep_matrix none = sift_rows(0, 0);
    EXPECT_EQ(
        skep_collection_calibrate(collection.get(), kK, 0.9, &none, nullptr, &untouched, &error),
        SKEP_INVALID_ARGUMENT);
    EXPECT_EQ(untouched, 77U);

    skep_search_options both = SKEP_SEARCH_OPTIONS_INIT;
    both.ef_search = 50;
    both.recall = 0.9;
    EXPECT_EQ(collection.search(sift_queries(), both).error().status(), SKEP_INVALID_ARGUMENT);
    // Callers that do not know the field do not ask for it.
    both.struct_size = SKEP_SIZE_THROUGH(skep_search_options, filter);
    EXPECT_TRUE(collection.search(sift_queries(), both));
}

}  // namespace
}  // namespace skep::testing
