// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <skep/evaluation.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "support/generators.hpp"

namespace skep {
namespace {

using ::testing::HasSubstr;
using testing::matrix_of;

class GroundTruthApi : public ::testing::Test {
  protected:
    void SetUp() override {
        skep_runtime_options options = SKEP_RUNTIME_OPTIONS_INIT;
        options.flags = SKEP_RUNTIME_BUILTIN_ONLY | SKEP_RUNTIME_IGNORE_ENVIRONMENT;
        ASSERT_EQ(skep_runtime_create(&options, &runtime_, &error_), SKEP_OK) << error_.message;
    }
    void TearDown() override { skep_runtime_destroy(runtime_); }

    skep_status run(const skep_matrix& base, const skep_matrix& queries, std::uint64_t k = 1) {
        return skep_ground_truth(runtime_, &base, &queries, SKEP_METRIC_L2, k, ids_, distances_,
                                 nullptr, &error_);
    }

    skep_runtime* runtime_ = nullptr;
    skep_error error_ = SKEP_ERROR_INIT;
    std::uint32_t ids_[4] = {77, 77, 77, 77};
    float distances_[4] = {77, 77, 77, 77};
    std::vector<float> base_ = {0, 0, 3, 4, 6, 8};
    std::vector<float> queries_ = {3, 3};
};

TEST_F(GroundTruthApi, AnswersWithTheNearestRows) {
    ASSERT_EQ(run(matrix_of(base_, 2), matrix_of(queries_, 2), 2), SKEP_OK) << error_.message;

    EXPECT_THAT(ids_, ::testing::ElementsAre(1, 0, 77, 77));
    EXPECT_THAT(distances_, ::testing::ElementsAre(1, 18, 77, 77));
}

TEST_F(GroundTruthApi, RefusesBadArgumentsAndWritesNothing) {
    const skep_matrix base = matrix_of(base_, 2);
    const skep_matrix queries = matrix_of(queries_, 2);
    const auto with_base = [&](auto change) {
        skep_matrix changed = base;
        change(changed);
        return run(changed, queries);
    };

    EXPECT_EQ(skep_ground_truth(nullptr, &base, &queries, SKEP_METRIC_L2, 1, ids_, distances_,
                                nullptr, &error_),
              SKEP_INVALID_ARGUMENT);
    EXPECT_EQ(skep_ground_truth(runtime_, nullptr, &queries, SKEP_METRIC_L2, 1, ids_, distances_,
                                nullptr, &error_),
              SKEP_INVALID_ARGUMENT);
    EXPECT_EQ(skep_ground_truth(runtime_, &base, nullptr, SKEP_METRIC_L2, 1, ids_, distances_,
                                nullptr, &error_),
              SKEP_INVALID_ARGUMENT);
    EXPECT_EQ(skep_ground_truth(runtime_, &base, &queries, SKEP_METRIC_L2, 1, nullptr, distances_,
                                nullptr, &error_),
              SKEP_INVALID_ARGUMENT);
    EXPECT_EQ(skep_ground_truth(runtime_, &base, &queries, SKEP_METRIC_L2, 1, ids_, nullptr,
                                nullptr, &error_),
              SKEP_INVALID_ARGUMENT);
    EXPECT_EQ(
        skep_ground_truth(runtime_, &base, &queries, 3, 1, ids_, distances_, nullptr, &error_),
        SKEP_INVALID_ARGUMENT);
    EXPECT_EQ(run(base, queries, 0), SKEP_INVALID_K);
    EXPECT_EQ(run(base, queries, std::numeric_limits<std::uint64_t>::max()), SKEP_LIMIT_EXCEEDED);
    EXPECT_EQ(with_base([](skep_matrix& rows) {
                  rows.dim = 3;
                  rows.num_rows = 2;
              }),
              SKEP_DIMENSION_MISMATCH);
    EXPECT_EQ(with_base([](skep_matrix& rows) { rows.dim = 0; }), SKEP_INVALID_DIMENSION);
    EXPECT_EQ(with_base([](skep_matrix& rows) { rows.dtype = SKEP_DTYPE_I32; }),
              SKEP_UNSUPPORTED_TYPE);
    EXPECT_EQ(with_base([](skep_matrix& rows) { rows.dtype = -1; }), SKEP_UNSUPPORTED_TYPE);
    EXPECT_EQ(with_base([](skep_matrix& rows) { rows.memory_kind = SKEP_MEMORY_CUDA; }),
              SKEP_WRONG_MEMORY);
    EXPECT_EQ(with_base([](skep_matrix& rows) { rows.data = nullptr; }), SKEP_INVALID_ARGUMENT);
    EXPECT_EQ(with_base([](skep_matrix& rows) { rows.num_rows = std::uint64_t{1} << 32U; }),
              SKEP_LIMIT_EXCEEDED);
    base_[3] = std::numeric_limits<float>::quiet_NaN();
    EXPECT_EQ(run(base, queries), SKEP_NOT_FINITE);
    EXPECT_THAT(error_.message, HasSubstr("base row 1 component 1 is NaN"));

    EXPECT_THAT(ids_, ::testing::Each(77U));
    EXPECT_THAT(distances_, ::testing::Each(77.0F));
}

TEST_F(GroundTruthApi, TakesNoQueriesAndNoRows) {
    const skep_matrix nothing = SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_F32, nullptr, 0, 0);

    EXPECT_EQ(run(matrix_of(base_, 2), nothing), SKEP_OK) << error_.message;
    EXPECT_EQ(ids_[0], 77U);
    EXPECT_EQ(run(nothing, matrix_of(queries_, 2)), SKEP_OK) << error_.message;
    EXPECT_EQ(ids_[0], SKEP_NO_ROW);
}

}  // namespace
}  // namespace skep
