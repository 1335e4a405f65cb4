// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <skep/skep.h>

#include <cmath>
#include <limits>
#include <set>
#include <string>

namespace skep {
namespace {

using ::testing::HasSubstr;

TEST(VersionApi, TheTextIsThatOfTheHeader) {
    const std::string expected = std::to_string(SKEP_VERSION_MAJOR) + "." +
                                 std::to_string(SKEP_VERSION_MINOR) + "." +
                                 std::to_string(SKEP_VERSION_PATCH);
    EXPECT_EQ(skep_version(), expected);
}

TEST(VersionApi, EveryStatusHasANameOfItsOwn) {
    std::set<std::string> names;
    int num_known = 0;
    for (skep_status status = -5; status < 200; ++status) {
        const std::string name = skep_status_name(status);
        if (name == "SKEP_STATUS_?") continue;
        ++num_known;
        EXPECT_EQ(name.rfind("SKEP_", 0), 0U);
        names.insert(name);
    }
    EXPECT_EQ(names.size(), static_cast<std::size_t>(num_known));
    EXPECT_EQ(num_known, 44);
    EXPECT_STREQ(skep_status_name(SKEP_DUPLICATE_KEY), "SKEP_DUPLICATE_KEY");
    EXPECT_STREQ(skep_status_name(SKEP_BACKEND_MISBEHAVED), "SKEP_BACKEND_MISBEHAVED");
}

TEST(VersionApi, NamesGoThereAndBack) {
    for (skep_metric metric = 0; metric < SKEP_NUM_METRICS; ++metric) {
        skep_metric back = -1;
        ASSERT_EQ(skep_metric_from_name(skep_metric_name(metric), &back, nullptr), SKEP_OK);
        EXPECT_EQ(back, metric);
    }
    for (skep_dtype dtype = SKEP_DTYPE_F32; dtype <= SKEP_DTYPE_I32; ++dtype) {
        skep_dtype back = -1;
        ASSERT_EQ(skep_dtype_from_name(skep_dtype_name(dtype), &back, nullptr), SKEP_OK);
        EXPECT_EQ(back, dtype);
    }
    for (skep_index_kind kind = SKEP_INDEX_FLAT; kind <= SKEP_INDEX_HNSW; ++kind) {
        skep_index_kind back = -1;
        ASSERT_EQ(skep_index_kind_from_name(skep_index_kind_name(kind), &back, nullptr), SKEP_OK);
        EXPECT_EQ(back, kind);
    }
    EXPECT_EQ(skep_metric_name(3), nullptr);
    EXPECT_EQ(skep_dtype_name(-1), nullptr);
    EXPECT_EQ(skep_index_kind_name(2), nullptr);
}

TEST(VersionApi, MetricsHaveSecondNames) {
    skep_metric metric = -1;
    ASSERT_EQ(skep_metric_from_name("euclidean", &metric, nullptr), SKEP_OK);
    EXPECT_EQ(metric, SKEP_METRIC_L2);
    ASSERT_EQ(skep_metric_from_name("dot_product", &metric, nullptr), SKEP_OK);
    EXPECT_EQ(metric, SKEP_METRIC_INNER_PRODUCT);
    EXPECT_STREQ(skep_metric_name(SKEP_METRIC_L2), "l2");
}

TEST(VersionApi, AnUnknownNameLeavesTheOutputAndListsTheKnown) {
    skep_metric metric = 77;
    skep_error error = SKEP_ERROR_INIT;
    EXPECT_EQ(skep_metric_from_name("L2", &metric, &error), SKEP_INVALID_ARGUMENT);
    EXPECT_EQ(metric, 77);
    EXPECT_EQ(error.code, SKEP_INVALID_ARGUMENT);
    EXPECT_EQ(error.layer, SKEP_LAYER_CLIENT);
    EXPECT_STREQ(error.message,
                 "skep_metric_from_name: unknown name 'L2'; expected one of l2, inner_product, "
                 "cosine, euclidean, dot_product");
    EXPECT_EQ(skep_metric_from_name(nullptr, &metric, &error), SKEP_INVALID_ARGUMENT);
    EXPECT_THAT(error.message, HasSubstr("name is NULL"));
    EXPECT_EQ(skep_metric_from_name("l2", nullptr, &error), SKEP_INVALID_ARGUMENT);
    EXPECT_THAT(error.message, HasSubstr("out is NULL"));
}

TEST(VersionApi, SimilarityIsHigherForNearer) {
    const float infinity = std::numeric_limits<float>::infinity();
    EXPECT_EQ(skep_similarity(SKEP_METRIC_COSINE, 0.0F), 1.0F);
    EXPECT_EQ(skep_similarity(SKEP_METRIC_COSINE, 1.0F), 0.0F);
    EXPECT_EQ(skep_similarity(SKEP_METRIC_INNER_PRODUCT, -3.0F), 3.0F);
    EXPECT_EQ(skep_similarity(SKEP_METRIC_L2, 0.0F), 1.0F);
    EXPECT_EQ(skep_similarity(SKEP_METRIC_L2, 9.0F), 0.25F);
    // A missing answer.
    EXPECT_EQ(skep_similarity(SKEP_METRIC_L2, infinity), 0.0F);
    EXPECT_EQ(skep_similarity(SKEP_METRIC_COSINE, infinity), -infinity);
    EXPECT_EQ(skep_similarity(SKEP_METRIC_INNER_PRODUCT, infinity), -infinity);
    EXPECT_TRUE(std::isnan(skep_similarity(9, 0.0F)));
    EXPECT_FALSE(std::signbit(skep_similarity(SKEP_METRIC_INNER_PRODUCT, 0.0F)));
}

}  // namespace
}  // namespace skep
