// SPDX-License-Identifier: MIT
// What rows and queries are coded as, and that answers are exact whatever it is.
#include <cmath>
#include <cstdint>

#include "flat_fixture.hpp"

namespace skep::testing {
namespace {

std::vector<float> whole_numbers(std::size_t count, std::uint64_t seed) {
    const auto bytes = random_u8(count, seed);
    return {bytes.begin(), bytes.end()};
}

class Codes : public FilterTest {
  protected:
    // One query, a few, and more than a warp takes.
    template <typename Row, typename Generator>
    void expect_exact_batches(skep_metric metric, const std::vector<Row>& rows, std::uint32_t dim,
                              Generator&& queries_of) {
        create(metric, rows, dim);
        for (const std::size_t batch : {1U, 3U, 70U}) {
            expect_answer(metric, rows, queries_of(batch * dim, 60 + batch), dim, 6);
            EXPECT_EQ(retries, 0U) << "metric " << metric;
        }
    }
};

TEST_F(Codes, FloatsThatAreBytes) {
    for (const std::uint32_t dim : {5U, 150U}) {
        const auto rows = whole_numbers(std::size_t{2200} * dim, 1 + dim);
        for (const skep_metric metric : kMetrics) {
            expect_exact_batches(metric, rows, dim, whole_numbers);
            expect_exact_batches(metric, rows, dim, [](std::size_t count, std::uint64_t seed) {
                return random_f32(count, seed, -20.0F, 300.0F);
            });
        }
        // One of the queries of a batch is none.
        auto queries = whole_numbers(std::size_t{5} * dim, 2);
        queries[3 * dim] += 0.5F;
        expect_exact(SKEP_METRIC_L2, rows, queries, dim, 5);
    }
}

TEST_F(Codes, LongRows) {
    for (const std::uint32_t dim : {129U, 270U}) {
        const auto rows = random_f32(std::size_t{2200} * dim, 3 + dim);
        const auto bytes = random_u8(std::size_t{2200} * dim, 4 + dim);
        for (const skep_metric metric : kMetrics) {
            expect_exact_batches(metric, rows, dim, [](std::size_t count, std::uint64_t seed) {
                return random_f32(count, seed);
            });
            expect_exact_batches(metric, bytes, dim, random_u8);
        }
    }
    // More queries than a block of the long product takes.
    const auto rows = random_f32(std::size_t{2300} * 130, 5);
    expect_exact(SKEP_METRIC_L2, rows, random_f32(std::size_t{260} * 130, 6), 130, 1);
}

TEST_F(Codes, RowsThatAreNoBytesChangeTheCodesOfAll) {
    constexpr std::uint32_t kDim = 12;
    const auto is_none = [](std::vector<float> rows, std::size_t position, float value) {
        rows[position] = value;
        return rows;
    };
    const auto whole = whole_numbers(std::size_t{3000} * kDim, 7);
    const auto queries = whole_numbers(std::size_t{3} * kDim, 8);
    for (const float value : {0.5F, -1.0F, 256.0F, 1e30F, -1e-40F}) {
        // In the first append, at its end; and in a later one.
        auto rows = is_none(whole, whole.size() - 1, value);
        expect_exact(SKEP_METRIC_L2, rows, queries, kDim, 4);
        create(SKEP_METRIC_L2, whole, kDim);
        const std::uint64_t bytes_before = session.stats().used_bytes;
        const auto more = is_none(whole_numbers(std::size_t{100} * kDim, 9), 50, value);
        ASSERT_EQ(session.append(more, kDim), SKEP_OK);
        expect_answer(SKEP_METRIC_L2, whole, queries, kDim, 4);
        rows = whole;
        rows.insert(rows.end(), more.begin(), more.end());
        expect_answer(SKEP_METRIC_L2, rows, queries, kDim, 4);
        EXPECT_EQ(session.stats().used_bytes, bytes_before / 3000 * 3100);
        ASSERT_EQ(session.append(whole, kDim), SKEP_OK);
        rows.insert(rows.end(), whole.begin(), whole.end());
        expect_answer(SKEP_METRIC_L2, rows, queries, kDim, 4);
    }
}

// Rows without negative elements have unsigned codes; one that has some changes them.
TEST_F(Codes, RowsOfOneSign) {
    for (const std::uint32_t dim : {20U, 131U}) {
        const auto rows = random_f32(std::size_t{2200} * dim, 14, 0.0F, 3.0F);
        for (const skep_metric metric : kMetrics) {
            expect_exact_batches(metric, rows, dim, [](std::size_t count, std::uint64_t seed) {
                return random_f32(count, seed, 0.0F, 2.0F);
            });
            expect_answer(metric, rows, random_f32(std::size_t{3} * dim, 15), dim, 6);
            EXPECT_EQ(retries, 0U);
            const auto more = random_f32(std::size_t{50} * dim, 16);
            ASSERT_EQ(session.append(more, dim), SKEP_OK);
            auto all = rows;
            all.insert(all.end(), more.begin(), more.end());
            expect_answer(metric, all, random_f32(std::size_t{3} * dim, 17), dim, 6);
        }
    }
}

// Stores that begin with the best of a sample, short codes and long ones, rows missing from it.
TEST_F(Codes, TheBestOfASample) {
    for (const std::uint32_t dim : {3U, 130U}) {
        const std::size_t num_rows = dim == 3 ? 17000 : 8500;
        const std::uint64_t k = dim == 3 ? 2 : 1;
        const auto rows = random_f32(num_rows * dim, 18 + dim);
        const auto bytes = random_u8(num_rows * dim, 19 + dim);
        for (const skep_metric metric : kMetrics) {
            expect_exact(metric, rows, random_f32(std::size_t{4} * dim, 20), dim, k);
            EXPECT_EQ(retries, 0U);
            expect_exact(metric, bytes, random_u8(std::size_t{4} * dim, 21), dim, k);
            EXPECT_EQ(retries, 0U);
        }
        std::vector<std::uint64_t> words((num_rows + 63) / 64, 0x1111111111111111ULL);
        const skep_bitmap allowed{sizeof(skep_bitmap), 0, num_rows, words.data()};
        create(SKEP_METRIC_L2, rows, dim);
        const auto queries = random_f32(std::size_t{4} * dim, 22);
        Answer answer;
        ASSERT_EQ(session.search(queries, dim, num_rows, k, answer, nullptr, &allowed), SKEP_OK);
        EXPECT_EQ(answer, brute_force(SKEP_METRIC_L2, rows, queries, dim, k,
                                      [](std::uint32_t slot) { return slot % 4 == 0; }));
    }
}

// More rows as near as the filter can tell than a list holds: looked at once more, in a longer one.
TEST_F(Codes, OverflowingListsAreTriedAgain) {
    constexpr std::uint32_t kDim = 4;
    auto rows = random_f32(std::size_t{20000} * kDim, 23);
    for (std::size_t i = 0; i < std::size_t{12000} * kDim; ++i)
        rows[i] = 2.0F + rows[i] * 1e-3F;
    create(SKEP_METRIC_L2, rows, kDim);
    expect_answer(SKEP_METRIC_L2, rows, std::vector<float>(std::size_t{3} * kDim, 2.0F), kDim, 5);
    EXPECT_EQ(retries, 0U);
}

TEST_F(Codes, NoMemoryForOtherCodesLeavesTheStore) {
    constexpr std::uint32_t kDim = 16;
    const auto whole = whole_numbers(std::size_t{3000} * kDim, 10);
    const auto queries = whole_numbers(kDim, 11);
    create(SKEP_METRIC_L2, whole, kDim);
    ASSERT_EQ(session.ops.store_reserve(session.store, 4000, &session.error), SKEP_OK);
    const skep_store_stats before = session.stats();
    fake_cuda().total_bytes = fake_cuda().device_bytes.load();
    EXPECT_EQ(session.append(random_f32(std::size_t{10} * kDim, 12), kDim),
              SKEP_OUT_OF_DEVICE_MEMORY);
    fake_cuda().total_bytes = 1ULL << 30;
    EXPECT_EQ(session.stats().num_slots, before.num_slots);
    EXPECT_EQ(session.stats().reserved_bytes, before.reserved_bytes);
    expect_answer(SKEP_METRIC_L2, whole, queries, kDim, 4);
}

TEST_F(Codes, TakeAtMostThirtyPercentOfTheRows) {
    const auto rows = random_f32(std::size_t{1000} * 128, 13);
    create(SKEP_METRIC_L2, rows, 128);
    const std::uint64_t row_bytes = std::uint64_t{1000} * 128 * sizeof(float);
    EXPECT_LE(session.stats().used_bytes - row_bytes, row_bytes * 30 / 100);
}

// Data that is hard on scales, bounds or float arithmetic.
struct Hard {
    const char* name;
    std::vector<float> rows;
    std::vector<float> queries;
};

std::vector<Hard> hard_data(std::size_t num_rows, std::uint32_t dim) {
    const auto spread = random_f32(num_rows * dim, 20);
    const auto queries = random_f32(std::size_t{3} * dim, 21);
    std::vector<Hard> all;
    const auto add = [&](const char* name, auto row_value, auto query_value) {
        Hard hard{name, spread, queries};
        for (std::size_t i = 0; i < hard.rows.size(); ++i)
            hard.rows[i] = row_value(i / dim, hard.rows[i]);
        for (float& value : hard.queries)
            value = query_value(value);
        all.push_back(std::move(hard));
    };
    const auto same = [](float value) { return value; };
    add(
        "a far offset", [](std::size_t, float v) { return 1000.0F + v; },
        [](float v) { return 1000.0F + v; });
    add(
        "tiny gaps", [](std::size_t, float v) { return 1.0F + v * 1e-6F; },
        [](float v) { return 1.0F + v * 1e-6F; });
    add("one outlier", [](std::size_t row, float v) { return row == 77 ? v * 1e12F : v; }, same);
    add(
        "an outlier in every block",
        [](std::size_t row, float v) { return row % 128 == 5 ? v * 1e5F : v; }, same);
    add(
        "lengths of many magnitudes",
        [](std::size_t row, float v) { return std::ldexp(v, static_cast<int>(row % 60) - 30); },
        same);
    add(
        "huge lengths", [](std::size_t, float v) { return v * 1e18F; },
        [](float v) { return v * 1e18F; });
    add(
        "denormals", [](std::size_t, float v) { return v * 1e-40F; },
        [](float v) { return v * 1e-40F; });
    add(
        "few values", [](std::size_t, float v) { return std::round(v * 2); },
        [](float v) { return std::round(v * 2); });
    add(
        "zeros and ones", [](std::size_t, float v) { return v > 0 ? 1.0F : 0.0F; },
        [](float v) { return v > 0 ? 1.0F : 0.0F; });
    return all;
}

TEST_F(Codes, AnswersAreExactForHardData) {
    for (const std::uint32_t dim : {9U, 140U}) {
        for (const Hard& hard : hard_data(2200, dim)) {
            SCOPED_TRACE(hard.name);
            for (const skep_metric metric : kMetrics) {
                create(metric, hard.rows, dim);
                expect_answer(metric, hard.rows, hard.queries, dim, 7);
                const std::vector<float> one(hard.queries.begin(), hard.queries.begin() + dim);
                expect_answer(metric, hard.rows, one, dim, 100);
            }
        }
    }
}

}  // namespace
}  // namespace skep::testing
