// SPDX-License-Identifier: MIT
// What graphs over 100 000 SIFT rows found when it was measured, with bounds on both sides: a rise
// is looked at, too. The rows are not part of the sources: $SKEP_TEST_DATA names the folder of
// sift100k_base.u8bin, sift_query_10k.u8bin and sift100k_gtdist_1000x100.fbin. The 10 000 rows that
// are have their golden figures in tests/unit/plugins/cpu/graph_test.cpp.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "support/graph_collection.hpp"

namespace skep::testing {
namespace {

constexpr std::uint64_t kK = 10;
constexpr std::uint64_t kNumRows = 100'000;
constexpr std::uint64_t kNumQueries = 1000;
// The graph is the same everywhere; rows at equal distances may change places.
constexpr double kTolerance = 0.003;

class GoldenGraph : public ::testing::Test {
  protected:
    void SetUp() override {
        const char* const folder = std::getenv("SKEP_TEST_DATA");
        if (folder == nullptr) GTEST_SKIP() << "SKEP_TEST_DATA names no folder of SIFT rows";
        const auto base = read_bin<std::uint8_t>("sift100k_base.u8bin", folder);
        ASSERT_EQ(base.num_rows, kNumRows);
        rows_.assign(base.values.begin(), base.values.end());
        const auto queries = read_bin<std::uint8_t>("sift_query_10k.u8bin", folder);
        queries_.assign(queries.values.begin(), queries.values.end());
        truth_ = read_bin<float>("sift100k_gtdist_1000x100.fbin", folder);
    }
    void add(const Collection& collection, std::uint64_t first, std::uint64_t count) const {
        const skep_matrix rows =
            SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_F32, rows_.data() + first * 128, count, 128);
        const std::vector<std::uint64_t> keys = keys_from(first, count);
        const skep_keys view = view_of(keys);
        ASSERT_EQ(
            skep_collection_add(collection.get(), &rows, &view, nullptr, nullptr, nullptr, nullptr),
            SKEP_OK);
    }
    [[nodiscard]] double recall_at(const Collection& collection, std::uint32_t ef) const {
        const skep_matrix asked =
            SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_F32, queries_.data(), kNumQueries, 128);
        const Hits hits = search(collection, asked, kK, ef);
        std::uint64_t found = 0;
        for (std::size_t i = 0; i < hits.distances.size(); ++i)
            found += hits.distances[i] <= truth_.values[i / kK * truth_.dim + kK - 1] ? 1U : 0U;
        return static_cast<double>(found) / static_cast<double>(hits.distances.size());
    }

    Runtime runtime_ = builtin_runtime();
    std::vector<float> rows_;
    std::vector<float> queries_;
    BinMatrix<float> truth_;
};

TEST_F(GoldenGraph, FindsWhatItFoundBefore) {
    const Collection collection = make_collection(runtime_, {128, SKEP_DTYPE_F32, 16, 200});
    add(collection, 0, kNumRows);
    const struct {
        std::uint32_t ef;
        double recall;
    } golden[] = {{10, 0.7826}, {40, 0.9536}, {100, 0.9899}, {400, 0.9996}};
    for (const auto& [ef, expected] : golden)
        EXPECT_NEAR(recall_at(collection, ef), expected, kTolerance) << "ef " << ef;
    // Rows find themselves; some have a twin of a smaller key.
    const skep_matrix selves =
        SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_F32, rows_.data(), 2000, 128);
    const Hits hits = search(collection, selves, 1, 40);
    std::uint64_t found = 0;
    for (const float distance : hits.distances)
        found += distance == 0.0F ? 1U : 0U;
    EXPECT_GE(found, 1998U);
    const skep_collection_stats stats = collection.stats().value();
    EXPECT_LE((stats.row_bytes + stats.graph_bytes) / kNumRows, 300U);

    // A third is removed and comes back, in another order, some of it twice.
    std::vector<std::uint64_t> keys = keys_from(0, kNumRows);
    std::mt19937_64 engine(5);
    std::shuffle(keys.begin(), keys.end(), engine);
    for (int round = 0; round < 2; ++round) {
        keys.resize(kNumRows / 3);
        const skep_keys view = view_of(keys);
        ASSERT_EQ(skep_collection_remove(collection.get(), &view, nullptr), SKEP_OK);
        std::vector<float> again;
        for (const std::uint64_t key : keys) {
            const auto row = rows_.begin() + static_cast<std::ptrdiff_t>(key * 128);
            again.insert(again.end(), row, row + 128);
        }
        const skep_matrix rows =
            SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_F32, again.data(), keys.size(), 128);
        ASSERT_EQ(
            skep_collection_add(collection.get(), &rows, &view, nullptr, nullptr, nullptr, nullptr),
            SKEP_OK);
        std::shuffle(keys.begin(), keys.end(), engine);
    }
    EXPECT_NEAR(recall_at(collection, 100), 0.9899, 0.006);
    ASSERT_EQ(skep_collection_compact(collection.get(), nullptr, nullptr), SKEP_OK);
    EXPECT_NEAR(recall_at(collection, 100), 0.9899, 0.006);
}

}  // namespace
}  // namespace skep::testing
