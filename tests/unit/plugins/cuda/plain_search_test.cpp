// SPDX-License-Identifier: MIT
// Stores that are searched without a filter, and what happens when they grow out of it.
#include <cstdint>

#include "flat_fixture.hpp"

namespace skep::testing {
namespace {

class PlainSearch : public StoreTest {
  protected:
    // Whether the filter's kernels were loaded since this was asked last.
    [[nodiscard]] bool has_filtered() {
        return session.host.take_log().find("module encode_rows") != std::string::npos;
    }
};

TEST_F(PlainSearch, EqualsTheDefinitionInEveryDimension) {
    for (const std::uint32_t dim : {1U, 2U, 15U, 16U, 17U, 64U, 130U}) {
        for (const skep_metric metric : kMetrics) {
            expect_exact(metric, random_f32(std::size_t{200} * dim, 1000 + dim),
                         random_f32(std::size_t{3} * dim, 2000 + dim), dim, 10);
            const auto bytes = random_u8(std::size_t{100} * dim, 3000 + dim);
            expect_exact(metric, bytes, random_u8(std::size_t{2} * dim, 4000 + dim), dim, 7);
            expect_exact(metric, bytes, random_f32(std::size_t{2} * dim, 5000 + dim), dim, 7);
        }
    }
    EXPECT_FALSE(has_filtered());
}

TEST_F(PlainSearch, TakesAnyNumberOfRowsAndAnyK) {
    constexpr std::uint32_t kDim = 3;
    for (const std::size_t num_rows : {1U, 2U, 3U, 63U, 64U, 65U, 1000U, 4095U, 4096U}) {
        const auto rows = random_f32(num_rows * kDim, 10 + num_rows);
        const auto queries = random_f32(2 * kDim, 20 + num_rows);
        for (const std::uint64_t k : {1U, 2U, 100U, 2048U})
            expect_exact(SKEP_METRIC_L2, rows, queries, kDim, k);
    }
    EXPECT_FALSE(has_filtered());
}

TEST_F(PlainSearch, OrdersTiesBySlotAndTakesZeroVectors) {
    constexpr std::uint32_t kDim = 4;
    std::vector<float> rows;
    for (int row = 0; row < 300; ++row) {
        for (std::uint32_t i = 0; i < kDim; ++i)
            rows.push_back(static_cast<float>(row % 3));
    }
    auto queries = std::vector<float>(2 * kDim, 1.0F);
    std::fill_n(queries.begin(), kDim, 0.0F);
    for (const skep_metric metric : kMetrics)
        expect_exact(metric, rows, queries, kDim, 250);
}

TEST_F(PlainSearch, SeesOnlyRowsThatCount) {
    constexpr std::uint32_t kDim = 5;
    constexpr std::uint32_t kRows = 300;
    const auto rows = random_f32(std::size_t{kRows} * kDim, 12);
    const auto queries = random_f32(2 * kDim, 13);
    create(SKEP_METRIC_L2, rows, kDim);
    const std::uint32_t erased[] = {0, 7, 8, 299};
    skep_mask* mask = nullptr;
    ASSERT_EQ(
        session.ops.mask_create(session.store, nullptr, kRows, erased, 4, &mask, &session.error),
        SKEP_OK);
    const std::vector<std::uint64_t> words(4, 0x5555555555555555ULL);
    const skep_bitmap allowed{sizeof(skep_bitmap), 0, 250, words.data()};
    Answer answer;
    EXPECT_EQ(session.search(queries, kDim, kRows, 200, answer, mask, &allowed), SKEP_OK);
    EXPECT_EQ(answer, brute_force(SKEP_METRIC_L2, rows, queries, kDim, 200, [](std::uint32_t slot) {
                  return slot % 2 == 0 && slot < 250 && slot != 0 && slot != 8;
              }));
    session.ops.mask_destroy(mask);
}

TEST_F(PlainSearch, GrowsIntoTheFilterAndBack) {
    constexpr std::uint32_t kDim = 4;
    const auto all = random_f32(std::size_t{9000} * kDim, 30);
    const auto queries = random_f32(2 * kDim, 31);
    const auto part = [&](std::size_t first, std::size_t count) {
        const auto begin = all.begin() + static_cast<std::ptrdiff_t>(first * kDim);
        return std::vector<float>(begin, begin + static_cast<std::ptrdiff_t>(count * kDim));
    };
    for (const skep_metric metric : kMetrics) {
        create(metric, part(0, 4000), kDim);
        expect_answer(metric, part(0, 4000), queries, kDim, 10);
        ASSERT_EQ(session.append(part(4000, 96), kDim), SKEP_OK);
        expect_answer(metric, part(0, 4096), queries, kDim, 10);
        // One row more, and every row before it is encoded with it.
        ASSERT_EQ(session.append(part(4096, 1), kDim), SKEP_OK);
        expect_answer(metric, part(0, 4097), queries, kDim, 10);
        EXPECT_EQ(has_filtered(), metric == kMetrics[0]);  // loaded once
        ASSERT_EQ(session.append(part(4097, 903), kDim), SKEP_OK);
        expect_answer(metric, part(0, 5000), queries, kDim, 10);
        // Back to a small one, which grows again.
        session.ops.store_truncate(session.store, 100);
        ASSERT_EQ(session.append(part(5000, 200), kDim), SKEP_OK);
        auto rows = part(0, 100);
        const auto more = part(5000, 200);
        rows.insert(rows.end(), more.begin(), more.end());
        expect_answer(metric, rows, queries, kDim, 10);
        ASSERT_EQ(session.ops.store_compact(session.store, 300, nullptr, nullptr, &session.error),
                  SKEP_OK);
        const auto last = part(3000, 4000);
        ASSERT_EQ(session.append(last, kDim), SKEP_OK);
        rows.insert(rows.end(), last.begin(), last.end());
        expect_answer(metric, rows, queries, kDim, 10);
    }
}

TEST_F(PlainSearch, LeavesLongRowsToTheFilter) {
    constexpr std::uint32_t kDim = 4096;
    const auto rows = random_f32(std::size_t{129} * kDim, 40);
    expect_exact(SKEP_METRIC_L2, rows, random_f32(kDim, 41), kDim, 5);
    EXPECT_TRUE(has_filtered());
}

TEST_F(PlainSearch, StopsWhenAsked) {
    constexpr std::uint32_t kDim = 2;
    create(SKEP_METRIC_L2, random_f32(50 * kDim, 50), kDim);
    skep_call call{};
    call.struct_size = sizeof call;
    call.poll = [](void*, std::uint64_t, std::uint64_t) -> skep_status { return SKEP_CANCELLED; };
    Answer answer;
    EXPECT_EQ(session.search(random_f32(kDim, 51), kDim, 50, 3, answer, nullptr, nullptr, &call),
              SKEP_CANCELLED);
    EXPECT_EQ(answer.slots, std::vector<std::uint32_t>(3, 7));
}

}  // namespace
}  // namespace skep::testing
