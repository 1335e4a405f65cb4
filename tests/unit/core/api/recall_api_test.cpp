// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <skep/evaluation.h>

#include <cstdint>
#include <limits>
#include <vector>

namespace skep {
namespace {

constexpr float kMissing = std::numeric_limits<float>::infinity();

// Recall of lists of equal length.
double recall(std::uint64_t num_queries, const std::vector<std::uint64_t>& keys,
              const std::vector<float>& distances, const std::vector<float>& truth) {
    skep_error error = SKEP_ERROR_INIT;
    double result = -1.0;
    EXPECT_EQ(skep_recall(num_queries, keys.size() / num_queries, keys.data(), distances.data(),
                          truth.size() / num_queries, truth.data(), &result, &error),
              SKEP_OK)
        << error.message;
    return result;
}

TEST(Recall, CountsFoundRowsThatAreNearEnough) {
    EXPECT_EQ(recall(1, {7, 8, 9, 10}, {1, 2, 3, 9}, {1, 2, 3, 4}), 0.75);
    EXPECT_EQ(recall(1, {7, 8, 9, 10}, {5, 6, 7, 9}, {1, 2, 3, 4}), 0.0);
    EXPECT_EQ(recall(1, {7, 8, 9, 10}, {1, 2, 3, 4}, {1, 2, 3, 4}), 1.0);
}

TEST(Recall, AveragesOverQueries) {
    EXPECT_EQ(recall(2, {7, 8, 7, 8}, {1, 2, 1, 9}, {1, 2, 1, 2}), 0.75);
}

TEST(Recall, TakesAnyRowOfATie) {
    // Rows at distance 2 are four, of which the truth names two; any two of them are right.
    EXPECT_EQ(recall(1, {1, 30, 40}, {1, 2, 2}, {1, 2, 2}), 1.0);
    // Past the k-th true distance the tie does not help.
    EXPECT_EQ(recall(1, {1, 30, 40}, {1, 2, 2.5F}, {1, 2, 2}), 2.0 / 3.0);
}

TEST(Recall, CountsAKeyOnce) {
    EXPECT_EQ(recall(1, {7, 7, 7, 8}, {1, 1, 1, 2}, {1, 2, 3, 4}), 0.5);
}

TEST(Recall, LooksAtTheFirstKOfALongerTruth) {
    EXPECT_EQ(recall(1, {7, 8}, {1, 3}, {1, 2, 3, 4}), 0.5);
    EXPECT_EQ(recall(2, {7, 8, 7, 8}, {1, 3, 9, 9}, {1, 2, 3, 9, 10, 11}), (0.5 + 1.0) / 2.0);
}

TEST(Recall, TakesInfinityForMissing) {
    EXPECT_EQ(recall(1, {7, ~0ULL, ~0ULL}, {1, kMissing, kMissing}, {1, 2, 3}), 1.0 / 3.0);
    // The truth has two rows, both found.
    EXPECT_EQ(recall(1, {7, 8, ~0ULL}, {1, 2, kMissing}, {1, 2, kMissing}), 1.0);
    EXPECT_EQ(recall(1, {7, ~0ULL, ~0ULL}, {1, kMissing, kMissing}, {1, 2, kMissing}), 0.5);
}

TEST(Recall, MissesNothingWhereThereIsNothing) {
    EXPECT_EQ(recall(1, {~0ULL}, {kMissing}, {kMissing}), 1.0);
}

TEST(Recall, NeverExceedsOne) {
    EXPECT_EQ(recall(1, {7, 8, 9}, {1, 1, 1}, {1, 1, kMissing}), 1.0);
}

TEST(Recall, TakesNegativeDistances) {
    EXPECT_EQ(recall(1, {7, 8}, {-5, -1}, {-5, -3}), 0.5);
}

TEST(Recall, TakesNanForNoHit) {
    EXPECT_EQ(recall(1, {7, 8}, {std::numeric_limits<float>::quiet_NaN(), 1}, {1, 2}), 0.5);
}

TEST(Recall, RefusesWhatItCannotJudge) {
    const std::uint64_t key = 7;
    const float two[] = {2.0F, 1.0F};
    const float nan = std::numeric_limits<float>::quiet_NaN();
    skep_error error = SKEP_ERROR_INIT;
    double result = -1.0;

    EXPECT_EQ(skep_recall(1, 1, nullptr, two, 1, two, &result, &error), SKEP_INVALID_ARGUMENT);
    EXPECT_EQ(skep_recall(1, 1, &key, nullptr, 1, two, &result, &error), SKEP_INVALID_ARGUMENT);
    EXPECT_EQ(skep_recall(1, 1, &key, two, 1, nullptr, &result, &error), SKEP_INVALID_ARGUMENT);
    EXPECT_EQ(skep_recall(1, 1, &key, two, 1, two, nullptr, &error), SKEP_INVALID_ARGUMENT);
    EXPECT_EQ(skep_recall(0, 1, &key, two, 1, two, &result, &error), SKEP_INVALID_ARGUMENT);
    EXPECT_EQ(skep_recall(1, 0, &key, two, 1, two, &result, &error), SKEP_INVALID_K);
    EXPECT_EQ(skep_recall(1, 2, &key, two, 1, two, &result, &error), SKEP_INVALID_K);
    EXPECT_EQ(skep_recall(1, 1, &key, two, 1, &nan, &result, &error), SKEP_INVALID_ARGUMENT);
    const std::uint64_t keys[] = {7, 8};
    EXPECT_EQ(skep_recall(1, 2, keys, two, 2, two, &result, &error), SKEP_INVALID_ARGUMENT);
    EXPECT_STREQ(error.message,
                 "skep_recall: true distance 1 of query 0 is 1; expected distances that ascend");
    EXPECT_EQ(result, -1.0);
}

}  // namespace
}  // namespace skep
