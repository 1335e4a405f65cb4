// SPDX-License-Identifier: MIT
#include "index/pass_choice.hpp"

#include <gtest/gtest.h>

#include <cstdint>

namespace skep::cuda {
namespace {

constexpr std::uint64_t kSlots = 1'000'000;
constexpr std::uint64_t kLikelySwept = 4;

// Searches until both have been tried often enough, each taking its time.
void settle(PassChoice& choice, std::uint64_t num_queries, double sweep_seconds,
            double tile_seconds) {
    for (std::uint32_t i = 0; i < 2 * PassChoice::kNumTrials; ++i) {
        const Pass pass = choice.choose(num_queries, kSlots, kLikelySwept);
        choice.record(pass, num_queries, kSlots,
                      pass == Pass::kSweep ? sweep_seconds : tile_seconds);
    }
}

TEST(PassChoice, TakesWhatWasFaster) {
    for (const std::uint64_t batch : {2U, 3U, 8U, 9U, 32U}) {
        PassChoice choice;
        settle(choice, batch, 1e-4, 2e-4);
        EXPECT_EQ(choice.choose(batch, kSlots, kLikelySwept), Pass::kSweep) << batch;
        PassChoice other;
        settle(other, batch, 2e-4, 1e-4);
        EXPECT_EQ(other.choose(batch, kSlots, kLikelySwept), Pass::kTile) << batch;
    }
}

TEST(PassChoice, TriesBothInTurnFirst) {
    PassChoice choice;
    std::uint32_t num_tiles = 0;
    for (std::uint32_t i = 0; i < 2 * PassChoice::kNumTrials; ++i) {
        const Pass pass = choice.choose(10, kSlots, kLikelySwept);
        // The likely one first.
        EXPECT_EQ(pass, i % 2 == 0 ? Pass::kTile : Pass::kSweep);
        num_tiles += pass == Pass::kTile ? 1 : 0;
        choice.record(pass, 10, kSlots, 1e-4);
    }
    EXPECT_EQ(num_tiles, PassChoice::kNumTrials);
}

TEST(PassChoice, IgnoresTheFirstTimeAndTheSlowOnes) {
    PassChoice choice;
    // Compiling takes a second; one of the others is held up.
    for (std::uint32_t i = 0; i < PassChoice::kNumTrials; ++i) {
        choice.record(Pass::kSweep, 8, kSlots, i == 0 ? 1.0 : i == 1 ? 0.5 : 1e-4);
        choice.record(Pass::kTile, 8, kSlots, i == 0 ? 1e-6 : 2e-4);
    }
    EXPECT_EQ(choice.choose(8, kSlots, kLikelySwept), Pass::kSweep);
}

TEST(PassChoice, KeepsSizesOfBatchesApart) {
    PassChoice choice;
    settle(choice, 4, 1e-4, 2e-4);
    settle(choice, 16, 2e-4, 1e-4);
    EXPECT_EQ(choice.choose(3, kSlots, kLikelySwept), Pass::kSweep);
    EXPECT_EQ(choice.choose(16, kSlots, kLikelySwept), Pass::kTile);
}

TEST(PassChoice, ComparesTimesPerRowSinceStoresGrow) {
    PassChoice choice;
    for (std::uint32_t i = 0; i < PassChoice::kNumTrials; ++i) {
        choice.record(Pass::kSweep, 8, kSlots, 2e-4);
        choice.record(Pass::kTile, 8, 10 * kSlots, 1e-3);
    }
    EXPECT_EQ(choice.choose(8, kSlots, kLikelySwept), Pass::kTile);
}

TEST(PassChoice, DoesNotMeasureSingleQueriesLargeBatchesAndSmallStores) {
    PassChoice choice;
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(choice.choose(1, kSlots, kLikelySwept), Pass::kSweep);
        EXPECT_EQ(choice.choose(PassChoice::kLargestSwept + 1, kSlots, kLikelySwept), Pass::kTile);
        EXPECT_EQ(choice.choose(8, PassChoice::kLeastSlots - 1, kLikelySwept), Pass::kTile);
        choice.record(Pass::kTile, 8, PassChoice::kLeastSlots - 1, 1.0);
    }
}

}  // namespace
}  // namespace skep::cuda
