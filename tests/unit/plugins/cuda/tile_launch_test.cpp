// SPDX-License-Identifier: MIT
#include "index/tile_launch.hpp"

#include <gtest/gtest.h>

#include <cstdint>

#include "kernels/tile_params.h"

namespace skep::cuda {
namespace {

using kernels::TileKind;

constexpr std::uint32_t kMultiprocessors = 132;
constexpr std::uint64_t kRowBlocks = 7813;  // of a million rows

TEST(TileLaunch, TakesEveryQueryOfTheBatch) {
    for (const TileKind kind : {TileKind::kStationary, TileKind::kLong, TileKind::kWarpgroup}) {
        for (const std::uint32_t queries : {1U, 2U, 64U, 65U, 255U, 256U, 257U, 1000U, 5120U}) {
            const TileLaunch launch = plan_tile_launch(kind, queries, kRowBlocks, kMultiprocessors);
            const std::uint32_t per_block = launch.query_warps * kTileWarpQueries;
            EXPECT_GE(launch.groups * per_block, queries);
            EXPECT_LT((launch.groups - 1) * per_block, queries);
            EXPECT_EQ(launch.shared_bytes, tile_shared_bytes(kind));
        }
    }
}

TEST(TileLaunch, KeepsTheDeviceBusy) {
    for (const std::uint32_t queries : {256U, 1024U, 3000U, 5000U, 5120U}) {
        const TileLaunch launch =
            plan_tile_launch(TileKind::kWarpgroup, queries, kRowBlocks, kMultiprocessors);
        const std::uint32_t blocks = launch.splits * launch.groups;
        const std::uint32_t waves = (blocks + kMultiprocessors - 1) / kMultiprocessors;
        EXPECT_GT(blocks, 0.95 * waves * kMultiprocessors) << queries;
    }
}

TEST(TileLaunch, HasNoMoreSplitsThanBlocksOfRowsAndAtLeastOne) {
    EXPECT_EQ(plan_tile_launch(TileKind::kStationary, 1, 3, kMultiprocessors).splits, 3U);
    EXPECT_EQ(plan_tile_launch(TileKind::kLong, 5120, 1, 1).splits, 1U);
    EXPECT_GE(plan_tile_launch(TileKind::kLong, 1U << 20, kRowBlocks, 1).splits, 1U);
}

}  // namespace
}  // namespace skep::cuda
