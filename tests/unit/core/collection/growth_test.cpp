// SPDX-License-Identifier: MIT
#include "collection/growth.hpp"

#include <gtest/gtest.h>
#include <skep/types.h>

namespace skep {
namespace {

TEST(Growth, StartsWithAMebibyteOrAThousandRows) {
    EXPECT_EQ(grown_capacity(0, 1, 4), 262144U);
    EXPECT_EQ(grown_capacity(0, 1, 1024), 1024U);
    EXPECT_EQ(grown_capacity(0, 1, 262144), 1024U);
    EXPECT_EQ(grown_capacity(0, 5000, 262144), 5000U);
}

TEST(Growth, SlowsDownWithSize) {
    EXPECT_EQ(grown_capacity(999, 1000, 4096), 1998U);
    EXPECT_EQ(grown_capacity(1000, 1001, 4096), 1500U);
    EXPECT_EQ(grown_capacity(9999, 10000, 4096), 14998U);
    EXPECT_EQ(grown_capacity(10000, 10001, 4096), 12000U);
}

TEST(Growth, GivesAtLeastWhatIsNeeded) {
    EXPECT_EQ(grown_capacity(10000, 50000, 4096), 50000U);
    EXPECT_EQ(grown_capacity(10000, 10000, 4096), 10000U);
}

TEST(Growth, StopsAtTheLargestNumberOfRows) {
    EXPECT_EQ(grown_capacity(4000000000U, 4000000001U, 4), SKEP_MAX_ROWS);
}

}  // namespace
}  // namespace skep
