// SPDX-License-Identifier: MIT
// Searches through a graph while rows are linked, replaced, removed, compacted and saved: every
// answer is a row that was there when the search began, at its exact distance.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>

#include "support/generators.hpp"
#include "support/graph_collection.hpp"
#include "support/temporary_folder.hpp"

namespace skep::testing {
namespace {

constexpr std::uint32_t kDim = 8;
constexpr std::uint64_t kNumRows = 3000;
constexpr int kNumReaders = 3;

class GraphConcurrency : public ::testing::Test {
  protected:
    static GraphShape shape() { return {kDim, SKEP_DTYPE_F32, 8, 40}; }

    // Runs `read` again and again in some threads while `write` runs here once.
    static void run_beside(const std::function<void()>& read, const std::function<void()>& write) {
        std::atomic<bool> is_done{false};
        std::atomic<int> num_started{0};
        std::vector<std::thread> readers;
        for (int reader = 0; reader < kNumReaders; ++reader) {
            readers.emplace_back([&] {
                ++num_started;
                do {
                    read();
                } while (!is_done);
            });
        }
        while (num_started < kNumReaders)
            std::this_thread::yield();
        write();
        is_done = true;
        for (std::thread& reader : readers)
            reader.join();
    }

    // Row r always has key r or r + kNumRows.
    void check_answers(const Collection& collection, std::uint64_t least_count) const {
        const skep_matrix queries = matrix_of(queries_, kDim);
        const Hits hits = search(collection, queries, 5, 20);
        for (std::size_t i = 0; i < hits.keys.size(); ++i) {
            if (hits.keys[i] == UINT64_MAX) {
                ASSERT_LT(least_count, 5U);
                continue;
            }
            ASSERT_LT(hits.keys[i], 2 * kNumRows);
            const std::uint64_t row = hits.keys[i] % kNumRows;
            const double expected = distance(SKEP_METRIC_L2, queries_.data() + i / 5 * kDim,
                                             rows_.data() + row * kDim, kDim);
            ASSERT_EQ(hits.distances[i], static_cast<float>(expected));
        }
    }
    void add(const Collection& collection, std::uint64_t first, std::uint64_t count,
             std::uint64_t first_key) const {
        const skep_matrix rows =
            SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_F32, rows_.data() + first * kDim, count, kDim);
        const std::vector<std::uint64_t> keys = keys_from(first_key, count);
        const skep_keys view = view_of(keys);
        ASSERT_EQ(skep_collection_upsert(collection.get(), &rows, &view, nullptr, nullptr, nullptr),
                  SKEP_OK);
    }

    Runtime runtime_ = builtin_runtime();
    std::vector<float> rows_ = random_f32(kNumRows * kDim, 41);
    std::vector<float> queries_ = random_f32(10 * kDim, 42);
};

TEST_F(GraphConcurrency, SearchesGoOnWhileRowsAreLinked) {
    const Collection collection = make_collection(runtime_, shape());
    add(collection, 0, 100, 0);
    run_beside([&] { check_answers(collection, 100); },
               [&] {
                   for (std::uint64_t first = 100; first < 1500; first += 100)
                       add(collection, first, 100, first);
                   for (std::uint64_t row = 1500; row < 1600; ++row)
                       add(collection, row, 1, row);
                   add(collection, 1600, 1400, 1600);
               });
    EXPECT_EQ(collection.stats().value().num_linked, kNumRows);
    EXPECT_GE(recall(search(collection, matrix_of(queries_, kDim), 10, 60),
                     exact_hits(runtime_, collection, matrix_of(queries_, kDim), 10)),
              0.95);
}

TEST_F(GraphConcurrency, SearchesGoOnThroughChurn) {
    const TemporaryFolder folder;
    const Collection collection = make_collection(runtime_, shape());
    add(collection, 0, 1000, 0);
    run_beside([&] { check_answers(collection, 100); },
               [&] {
                   for (std::uint64_t round = 0; round < 4; ++round) {
                       add(collection, 200 * round, 200, 200 * round);  // the same rows anew
                       const std::vector<std::uint64_t> keys = keys_from(200 * round, 100);
                       const skep_keys view = view_of(keys);
                       ASSERT_EQ(skep_collection_remove(collection.get(), &view, nullptr), SKEP_OK);
                       ASSERT_TRUE(collection.save(folder / "a.skep"));
                       ASSERT_EQ(skep_collection_compact(collection.get(), nullptr, nullptr),
                                 SKEP_OK);
                       add(collection, 200 * round, 100, kNumRows + 200 * round);
                   }
               });
    EXPECT_EQ(collection.count().value(), 1000U);
}

TEST_F(GraphConcurrency, ClearAndRefillBesideSearches) {
    const Collection collection = make_collection(runtime_, shape());
    run_beside([&] { check_answers(collection, 0); },
               [&] {
                   for (int round = 0; round < 5; ++round) {
                       add(collection, 0, 400, 0);
                       ASSERT_EQ(skep_collection_clear(collection.get(), nullptr), SKEP_OK);
                   }
               });
    EXPECT_EQ(collection.count().value(), 0U);
}

// Rows of whole numbers get other codes when one comes that is none: searches keep theirs.
TEST_F(GraphConcurrency, SearchesGoOnWhileCodesChange) {
    std::vector<float> whole = rows_;
    for (float& value : whole)
        value = std::round(std::abs(value) * 200.0F);
    for (int round = 0; round < 5; ++round) {
        Collection collection = make_collection(runtime_, shape());
        const skep_matrix rows =
            SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_F32, whole.data(), 600, kDim);
        ASSERT_TRUE(collection.add(rows));
        run_beside([&] { search(collection, matrix_of(queries_, kDim), 5, 30); },
                   [&] { add(collection, 0, 50, 5000); });
    }
}

}  // namespace
}  // namespace skep::testing
