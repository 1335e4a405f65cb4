// SPDX-License-Identifier: MIT
// The kernels' own sources, run by the emulator, against the definition of every distance.
#include <cstdint>

#include "flat_fixture.hpp"

namespace skep::testing {
namespace {

using FlatSearch = FilterTest;

TEST_F(FlatSearch, EqualsTheDefinitionInEveryDimension) {
    for (const std::uint32_t dim : {1U, 2U, 7U, 15U, 16U, 17U, 31U, 63U, 64U, 65U, 128U, 200U}) {
        for (const skep_metric metric : kMetrics) {
            const auto rows = random_f32(std::size_t{300} * dim, 1000 + dim);
            const auto queries = random_f32(std::size_t{3} * dim, 2000 + dim);
            expect_exact(metric, rows, queries, dim, 10);
        }
    }
}

TEST_F(FlatSearch, EqualsTheDefinitionForBytes) {
    for (const std::uint32_t dim : {1U, 3U, 16U, 17U, 64U, 100U, 128U}) {
        for (const skep_metric metric : kMetrics) {
            const auto rows = random_u8(std::size_t{300} * dim, 3000 + dim);
            expect_exact(metric, rows, random_u8(std::size_t{2} * dim, 4000 + dim), dim, 5);
            expect_exact(metric, rows, random_f32(std::size_t{2} * dim, 5000 + dim), dim, 5);
        }
    }
}

TEST_F(FlatSearch, FiltersInRoundsWhenRowsOutnumberTheList) {
    constexpr std::uint32_t kDim = 8;
    for (const skep_metric metric : kMetrics) {
        const auto rows = random_f32(std::size_t{20000} * kDim, 77);
        expect_exact(metric, rows, random_f32(kDim, 78), kDim, 10);
        EXPECT_EQ(retries, 0U);
        expect_exact(metric, rows, random_f32(3 * kDim, 79), kDim, 3);
        EXPECT_EQ(retries, 0U);
    }
}

TEST_F(FlatSearch, FiltersBytesInRounds) {
    constexpr std::uint32_t kDim = 16;
    for (const skep_metric metric : kMetrics) {
        const auto rows = random_u8(std::size_t{20000} * kDim, 81);
        expect_exact(metric, rows, random_u8(kDim, 82), kDim, 10);
        EXPECT_EQ(retries, 0U);
        expect_exact(metric, rows, random_f32(2 * kDim, 83, -3.0F, 255.0F), kDim, 10);
        EXPECT_EQ(retries, 0U);
    }
}

TEST_F(FlatSearch, MultipliesLargerBatchesOnTheMatrixUnits) {
    for (const std::uint32_t dim : {8U, 70U}) {
        const auto rows = random_f32(std::size_t{9000} * dim, 84 + dim);
        const auto bytes = random_u8(std::size_t{9000} * dim, 85 + dim);
        for (const skep_metric metric : kMetrics) {
            expect_exact(metric, rows, random_f32(std::size_t{11} * dim, 86), dim, 4);
            EXPECT_EQ(retries, 0U);
            expect_exact(metric, bytes, random_u8(std::size_t{9} * dim, 87), dim, 4);
            EXPECT_EQ(retries, 0U);
        }
    }
    const auto rows = random_f32(std::size_t{10000} * 4, 88);
    expect_exact(SKEP_METRIC_L2, rows, random_f32(std::size_t{130} * 4, 89), 4, 2);
}

TEST_F(FlatSearch, MultipliesBytesAsIntegers) {
    // Batches that give some warps of a block other rows, and one that fills more than a block.
    for (const std::uint32_t dim : {5U, 16U, 100U, 128U}) {
        const auto rows = random_u8(std::size_t{4500} * dim, 90 + dim);
        for (const skep_metric metric : kMetrics) {
            expect_exact(metric, rows, random_u8(std::size_t{3} * dim, 91 + dim), dim, 4);
            EXPECT_EQ(retries, 0U) << "metric " << metric;
        }
    }
    // One query, and dimensions that only the sweep takes.
    for (const std::uint32_t dim : {7U, 128U, 145U, 300U}) {
        const auto rows = random_u8(std::size_t{9000} * dim, 95 + dim);
        for (const skep_metric metric : kMetrics) {
            expect_exact(metric, rows, random_u8(dim, 96 + dim), dim, 4);
            EXPECT_EQ(retries, 0U) << "metric " << metric;
        }
    }
    const auto rows = random_u8(std::size_t{4300} * 8, 92);
    expect_exact(SKEP_METRIC_L2, rows, random_u8(std::size_t{150} * 8, 93), 8, 2);
    expect_exact(SKEP_METRIC_L2, rows, random_u8(std::size_t{530} * 8, 94), 8, 1);
    // The largest products there are.
    std::vector<std::uint8_t> brightest(std::size_t{300} * 128, 255);
    std::fill_n(brightest.begin() + 100 * 128, 128, std::uint8_t{0});
    for (const skep_metric metric : kMetrics) {
        expect_exact(metric, brightest, std::vector<std::uint8_t>(2 * 128, 255), 128, 3);
    }
}

TEST_F(FlatSearch, OrdersTiesBySlot) {
    constexpr std::uint32_t kDim = 4;
    std::vector<float> rows;
    for (int row = 0; row < 500; ++row) {
        for (std::uint32_t i = 0; i < kDim; ++i)
            rows.push_back(static_cast<float>(row % 3));
    }
    for (const skep_metric metric : kMetrics) {
        expect_exact(metric, rows, std::vector<float>(kDim, 1.0F), kDim, 200);
    }
}

TEST_F(FlatSearch, AnswersByThePlainKernelsWhenEverythingTies) {
    constexpr std::uint32_t kDim = 2;
    const std::vector<float> rows(std::size_t{20000} * kDim, 0.5F);
    expect_exact(SKEP_METRIC_L2, rows, std::vector<float>(kDim, 1.0F), kDim, 10);
    EXPECT_EQ(retries, 1U);
    // Some of a batch: rows that tie for the first and the third query, and others for the second.
    auto mixed = random_f32(std::size_t{20000} * kDim, 21);
    std::fill_n(mixed.begin(), std::size_t{12000} * kDim, 3.0F);
    expect_exact(SKEP_METRIC_L2, mixed, std::vector<float>{3.5F, 3.5F, 0.0F, 0.0F, 2.8F, 2.9F},
                 kDim, 10);
    EXPECT_EQ(retries, 2U);
}

TEST_F(FlatSearch, TakesZeroVectors) {
    constexpr std::uint32_t kDim = 5;
    auto rows = random_f32(std::size_t{200} * kDim, 5);
    std::fill_n(rows.begin() + 50 * kDim, 3 * kDim, 0.0F);
    auto queries = random_f32(2 * kDim, 6);
    std::fill_n(queries.begin(), kDim, 0.0F);
    auto byte_rows = random_u8(std::size_t{200} * kDim, 7);
    std::fill_n(byte_rows.begin() + 50 * kDim, 3 * kDim, std::uint8_t{0});
    for (const skep_metric metric : kMetrics) {
        expect_exact(metric, rows, queries, kDim, 200);
        expect_exact(metric, byte_rows, queries, kDim, 200);
    }
}

TEST_F(FlatSearch, TakesHugeAndTinyValues) {
    constexpr std::uint32_t kDim = 6;
    auto rows = random_f32(std::size_t{300} * kDim, 8);
    for (std::uint32_t i = 0; i < kDim; ++i) {
        rows[10 * kDim + i] *= 3e38F;
        rows[20 * kDim + i] *= 1e-38F;
        rows[30 * kDim + i] *= 1e-44F;
        rows[40 * kDim + i] *= 1e25F;
    }
    auto queries = random_f32(4 * kDim, 9);
    for (std::uint32_t i = 0; i < kDim; ++i) {
        queries[kDim + i] *= 2e38F;
        queries[2 * kDim + i] *= 1e-40F;
    }
    for (const skep_metric metric : kMetrics) {
        expect_exact(metric, rows, queries, kDim, 10);
        expect_exact(metric, rows, queries, kDim, 300);
    }
}

TEST_F(FlatSearch, GivesTheSameBitsWhateverTheBatch) {
    constexpr std::uint32_t kDim = 24;
    const auto rows = random_f32(std::size_t{9000} * kDim, 10);
    const auto queries = random_f32(std::size_t{9} * kDim, 11);
    ASSERT_EQ(session.create_store(SKEP_METRIC_L2, SKEP_DTYPE_F32, kDim), SKEP_OK);
    ASSERT_EQ(session.append(rows, kDim), SKEP_OK);
    Answer together;
    ASSERT_EQ(session.search(queries, kDim, 9000, 7, together), SKEP_OK);

    Answer one_by_one;
    for (std::size_t query = 0; query < 9; ++query) {
        const std::vector<float> single(
            queries.begin() + static_cast<std::ptrdiff_t>(query * kDim),
            queries.begin() + static_cast<std::ptrdiff_t>((query + 1) * kDim));
        Answer answer;
        ASSERT_EQ(session.search(single, kDim, 9000, 7, answer), SKEP_OK);
        one_by_one.slots.insert(one_by_one.slots.end(), answer.slots.begin(), answer.slots.end());
        one_by_one.distances.insert(one_by_one.distances.end(), answer.distances.begin(),
                                    answer.distances.end());
    }

    EXPECT_EQ(together, one_by_one);
}

TEST_F(FlatSearch, SeesOnlyRowsThatCount) {
    constexpr std::uint32_t kDim = 9;
    constexpr std::uint32_t kRows = 1000;
    const auto rows = random_f32(std::size_t{kRows} * kDim, 12);
    const auto queries = random_f32(2 * kDim, 13);
    ASSERT_EQ(session.create_store(SKEP_METRIC_L2, SKEP_DTYPE_F32, kDim), SKEP_OK);
    ASSERT_EQ(session.append(rows, kDim), SKEP_OK);
    std::vector<std::uint32_t> erased;
    for (std::uint32_t slot = 0; slot < kRows; slot += 3)
        erased.push_back(slot);
    skep_mask* mask = nullptr;
    ASSERT_EQ(session.ops.mask_create(session.store, nullptr, kRows, erased.data(), erased.size(),
                                      &mask, &session.error),
              SKEP_OK);
    const std::uint32_t more[] = {1, 4};
    skep_mask* child = nullptr;
    ASSERT_EQ(session.ops.mask_create(session.store, mask, kRows, more, 2, &child, &session.error),
              SKEP_OK);
    // Only even slots below 600 may answer.
    std::vector<std::uint64_t> words(10, 0x5555555555555555ULL);
    const skep_bitmap allowed{sizeof(skep_bitmap), 0, 600, words.data()};

    Answer answer;
    ASSERT_EQ(session.search(queries, kDim, kRows, 12, answer, child, &allowed), SKEP_OK);
    EXPECT_EQ(answer, brute_force(SKEP_METRIC_L2, rows, queries, kDim, 12, [](std::uint32_t slot) {
                  return slot % 3 != 0 && slot != 1 && slot != 4 && slot < 600 && slot % 2 == 0;
              }));
    ASSERT_EQ(session.search(queries, kDim, 700, 12, answer, mask), SKEP_OK);
    EXPECT_EQ(answer, brute_force(SKEP_METRIC_L2, rows, queries, kDim, 12,
                                  [](std::uint32_t slot) { return slot % 3 != 0 && slot < 700; }));
    session.ops.mask_destroy(child);
    session.ops.mask_destroy(mask);
}

TEST_F(FlatSearch, FillsMissingAnswers) {
    const auto rows = random_f32(std::size_t{3} * 4, 14);
    expect_exact(SKEP_METRIC_L2, rows, random_f32(4, 15), 4, 8);
    Answer answer;
    ASSERT_EQ(session.search(random_f32(4, 16), 4, 0, 2, answer), SKEP_OK);
    EXPECT_EQ(answer.slots, std::vector<std::uint32_t>(2, SKEP_NO_SLOT));
}

TEST_F(FlatSearch, TakesTheLargestK) {
    constexpr std::uint32_t kDim = 4;
    const auto rows = random_f32(std::size_t{5000} * kDim, 17);
    expect_exact(SKEP_METRIC_L2, rows, random_f32(kDim, 18), kDim, 2048);
}

TEST_F(FlatSearch, LetsTheHostSelectAboveTheLargestK) {
    constexpr std::uint32_t kDim = 5;
    auto rows = random_f32(std::size_t{3000} * kDim, 22);
    std::copy_n(rows.begin(), 10 * kDim, rows.begin() + 2000 * kDim);  // ties
    std::fill_n(rows.begin() + 50 * kDim, kDim, 0.0F);
    const auto bytes = random_u8(std::size_t{2500} * kDim, 23);
    for (const skep_metric metric : kMetrics) {
        expect_exact(metric, rows, random_f32(2 * kDim, 24), kDim, 2049);
        expect_exact(metric, bytes, random_u8(kDim, 25), kDim, 2600);
    }
    EXPECT_NE(session.host.take_log().find("the device selects up to 2048, so the host does"),
              std::string::npos);
}

TEST_F(FlatSearch, FindsRowsThatArriveSorted) {
    // The nearest rows lie together at the end: a filter that sampled the beginning would drown.
    constexpr std::uint32_t kDim = 4;
    auto rows = random_f32(std::size_t{30000} * kDim, 19);
    for (std::size_t row = 0; row < 30000; ++row) {
        for (std::uint32_t i = 0; i < kDim; ++i) {
            rows[row * kDim + i] += static_cast<float>(30000 - row) * 0.01F;
        }
    }
    expect_exact(SKEP_METRIC_L2, rows, random_f32(kDim, 20), kDim, 10);
    EXPECT_EQ(retries, 0U);
}

}  // namespace
}  // namespace skep::testing
