// SPDX-License-Identifier: MIT
// The whole backend against a plain double scan: same slots, same bits, for every ISA, metric,
// element type, shape, batch size and thread count.
#include <cstdint>
#include <cstring>
#include <random>

#include "kernels/kernel_dispatch.hpp"
#include "support/generators.hpp"
#include "unit/plugins/cpu/backend_fixture.hpp"
#include "unit/plugins/cpu/isa_test_name.hpp"

namespace skep::testing {
namespace {

constexpr skep_metric kMetrics[] = {SKEP_METRIC_L2, SKEP_METRIC_INNER_PRODUCT, SKEP_METRIC_COSINE};

class ExactSearch : public ::testing::TestWithParam<std::string_view> {
  protected:
    [[nodiscard]] static std::string isa() { return std::string(GetParam()); }
};

template <typename RowElement, typename QueryElement>
void expect_exact(const std::string& isa, std::uint32_t num_workers, skep_metric metric,
                  const std::vector<RowElement>& rows, const std::vector<QueryElement>& queries,
                  std::uint32_t dim, std::uint64_t k) {
    HostDouble host(num_workers);
    const CpuDeviceHandle device(host, isa);
    const skep_matrix row_matrix = matrix_of(rows, dim);
    StoreHandle store(device, store_options(metric, row_matrix.dtype, dim));
    store.append(row_matrix);

    const Answer found =
        search(store, matrix_of(queries, dim), search_request(row_matrix.num_rows, k));

    EXPECT_EQ(found, plain_scan(metric, queries, rows, dim, k))
        << isa << " metric " << metric << " dim " << dim << " k " << k << " queries "
        << queries.size() / dim << " workers " << num_workers;
}

TEST_P(ExactSearch, AgreesOverDimensions) {
    for (const std::uint32_t dim : {1U,  2U,  3U,  4U,  7U,  8U,  9U,  15U,  16U,  17U,  26U, 31U,
                                    32U, 33U, 50U, 63U, 64U, 65U, 98U, 100U, 128U, 194U, 784U}) {
        for (const std::uint64_t num_queries : {1U, 3U, 29U}) {
            const auto f32_rows = random_f32(std::size_t{211} * dim, dim);
            const auto f32_queries = random_f32(num_queries * dim, dim + 1000);
            const auto u8_rows = random_u8(std::size_t{211} * dim, dim);
            const auto u8_queries = random_u8(num_queries * dim, dim + 1000);
            for (const skep_metric metric : kMetrics) {
                expect_exact(isa(), 1, metric, f32_rows, f32_queries, dim, 7);
                expect_exact(isa(), 1, metric, u8_rows, u8_queries, dim, 7);
                expect_exact(isa(), 1, metric, u8_rows, f32_queries, dim, 7);
            }
        }
    }
}

TEST_P(ExactSearch, AgreesOverBatchSizesThreadCountsAndK) {
    constexpr std::uint32_t kDim = 24;
    const auto f32_rows = random_f32(std::size_t{3000} * kDim, 1);
    const auto u8_rows = random_u8(std::size_t{3000} * kDim, 2);
    for (const std::uint64_t num_queries : {1U, 2U, 5U, 8U, 12U, 13U, 40U, 200U}) {
        const auto f32_queries = random_f32(num_queries * kDim, 3);
        const auto u8_queries = random_u8(num_queries * kDim, 4);
        for (const std::uint32_t num_workers : {1U, 2U, 3U, 7U}) {
            for (const std::uint64_t k : {std::uint64_t{1}, std::uint64_t{10}}) {
                expect_exact(isa(), num_workers, SKEP_METRIC_L2, f32_rows, f32_queries, kDim, k);
                expect_exact(isa(), num_workers, SKEP_METRIC_L2, u8_rows, u8_queries, kDim, k);
            }
        }
    }
    const auto few_queries = random_f32(std::size_t{9} * kDim, 5);
    for (const std::uint64_t k : {1500U, 2999U, 3000U, 3001U, 5000U})
        expect_exact(isa(), 3, SKEP_METRIC_COSINE, f32_rows, few_queries, kDim, k);
}

TEST_P(ExactSearch, RanksDuplicatesBySlot) {
    constexpr std::uint32_t kDim = 20;
    auto rows = random_f32(std::size_t{50} * kDim, 6);
    for (int copy = 0; copy < 5; ++copy)
        rows.insert(rows.end(), rows.begin(), rows.begin() + 50 * kDim);
    auto bytes = random_u8(std::size_t{600} * kDim, 7);
    for (std::uint8_t& value : bytes)
        value &= 1U;
    const std::vector<float> queries(rows.begin(), rows.begin() + 20 * kDim);
    const std::vector<std::uint8_t> byte_queries(bytes.begin(), bytes.begin() + 20 * kDim);
    for (const skep_metric metric : kMetrics) {
        for (const std::uint64_t k : {1U, 4U, 77U}) {
            expect_exact(isa(), 1, metric, rows, queries, kDim, k);
            expect_exact(isa(), 3, metric, rows, queries, kDim, k);
            expect_exact(isa(), 1, metric, bytes, byte_queries, kDim, k);
        }
    }
}

// Norms from 2^-140 to 2^127 in one store: float sums overflow, underflow and cancel.
TEST_P(ExactSearch, AgreesOnExtremeMagnitudes) {
    for (const std::uint32_t dim : {1U, 3U, 17U, 40U}) {
        std::mt19937_64 engine(dim);
        std::uniform_int_distribution<int> exponent(-140, 127);
        std::uniform_real_distribution<float> mantissa(-1.0F, 1.0F);
        const auto draw = [&](std::size_t count) {
            std::vector<float> values(count);
            for (std::size_t row = 0; row < count / dim; ++row) {
                const int row_exponent = exponent(engine);
                for (std::size_t i = 0; i < dim; ++i) {
                    values[row * dim + i] =
                        row % 11 == 0 ? 0.0F : std::ldexp(mantissa(engine), row_exponent);
                }
            }
            return values;
        };
        const auto rows = draw(std::size_t{400} * dim);
        const auto queries = draw(std::size_t{30} * dim);
        const std::vector<float> single(queries.begin(), queries.begin() + 2 * dim);
        for (const skep_metric metric : kMetrics) {
            expect_exact(isa(), 1, metric, rows, queries, dim, 9);
            expect_exact(isa(), 1, metric, rows, single, dim, 9);
        }
    }
}

// Rows that differ from the query in the last bits: float scores cannot tell them apart.
TEST_P(ExactSearch, SeparatesRowsThatFloatsCannot) {
    constexpr std::uint32_t kDim = 64;
    const auto center = random_f32(kDim, 8, 100.0F, 200.0F);
    std::mt19937_64 engine(9);
    std::vector<float> rows;
    for (int row = 0; row < 500; ++row) {
        for (const float value : center)
            rows.push_back(engine() % 3 == 0 ? std::nextafter(value, 0.0F) : value);
    }
    std::vector<float> queries;
    for (int query = 0; query < 15; ++query) {
        queries.insert(queries.end(), center.begin(), center.end());
        queries[queries.size() - 1 - static_cast<std::size_t>(query)] += 0.001F;
    }
    for (const skep_metric metric : kMetrics)
        expect_exact(isa(), 2, metric, rows, queries, kDim, 10);
}

TEST_P(ExactSearch, AgreesOnTheLargestDimension) {
    const auto f32_rows = random_f32(std::size_t{40} * SKEP_MAX_DIM, 10);
    const auto f32_queries = random_f32(std::size_t{9} * SKEP_MAX_DIM, 11);
    std::vector<std::uint8_t> white(std::size_t{40} * SKEP_MAX_DIM, 255);
    for (std::size_t row = 0; row < 40; ++row)
        white[row * SKEP_MAX_DIM + row * 7] = 254;
    const std::vector<std::uint8_t> white_queries(std::size_t{9} * SKEP_MAX_DIM, 255);
    for (const skep_metric metric : kMetrics) {
        expect_exact(isa(), 1, metric, f32_rows, f32_queries, SKEP_MAX_DIM, 3);
        expect_exact(isa(), 1, metric, white, white_queries, SKEP_MAX_DIM, 3);
    }
}

// The widest vectors that are scored in integers, at the largest sums.
TEST_P(ExactSearch, KeepsIntegerSumsExactAtTheLimit) {
    constexpr std::uint32_t kDim = cpu::kMaxIntegerDim;
    std::vector<std::uint8_t> rows(std::size_t{40} * kDim);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const std::size_t row = i / kDim;
        rows[i] = static_cast<std::uint8_t>(row % 2 == 0 ? 255 - row / 2 : row / 2);
    }
    for (const std::size_t num_queries : {2U, 16U}) {
        std::vector<std::uint8_t> queries(num_queries * kDim);
        for (std::size_t i = 0; i < queries.size(); ++i)
            queries[i] = i / kDim % 2 == 0 ? std::uint8_t{255} : std::uint8_t{0};
        for (const skep_metric metric : kMetrics)
            expect_exact(isa(), 1, metric, rows, queries, kDim, 5);
    }
}

TEST_P(ExactSearch, TakesIntegerValuedFloatQueriesOnBytes) {
    constexpr std::uint32_t kDim = 33;
    const auto rows = random_u8(std::size_t{300} * kDim, 12);
    const auto bytes = random_u8(std::size_t{20} * kDim, 13);
    std::vector<float> queries(bytes.begin(), bytes.end());
    for (const skep_metric metric : kMetrics) {
        expect_exact(isa(), 1, metric, rows, queries, kDim, 6);
        queries[40] = 256.0F;
        expect_exact(isa(), 1, metric, rows, queries, kDim, 6);
        queries[40] = -1.0F;
        expect_exact(isa(), 1, metric, rows, queries, kDim, 6);
        queries[40] = 7.0F;
    }
}

TEST_P(ExactSearch, HonoursMaskAndBitmap) {
    constexpr std::uint32_t kDim = 16;
    constexpr std::uint64_t kRows = 1000;
    const auto rows = random_f32(kRows * kDim, 14);
    HostDouble host(2);
    const CpuDeviceHandle device(host, isa());
    StoreHandle store(device, store_options(SKEP_METRIC_L2, SKEP_DTYPE_F32, kDim));
    // Two appends, so that chunk borders fall off the 64-row grid.
    const std::vector<float> head(rows.begin(), rows.begin() + 333 * kDim);
    const std::vector<float> tail(rows.begin() + 333 * kDim, rows.end());
    EXPECT_EQ(cpu_operations().store_reserve(store.store, 333, nullptr), SKEP_OK);
    store.append(matrix_of(head, kDim));
    store.append(matrix_of(tail, kDim));

    std::vector<bool> visible(kRows, true);
    std::vector<std::uint32_t> erased;
    for (std::uint32_t slot = 0; slot < 900; slot += 1 + slot % 5)
        erased.push_back(slot);
    for (const std::uint32_t slot : erased)
        visible[slot] = false;
    std::vector<std::uint64_t> words((kRows + 63) / 64, 0xDEADBEEF00FF00FFULL);
    skep_bitmap bitmap{sizeof(skep_bitmap), 0, 950, words.data()};
    for (std::uint64_t slot = 0; slot < kRows; ++slot) {
        const bool allowed = slot < 950 && (words[slot / 64] >> (slot % 64) & 1U) != 0;
        if (!allowed) visible[slot] = false;
    }
    skep_mask* first = nullptr;
    skep_mask* second = nullptr;
    ASSERT_EQ(cpu_operations().mask_create(store.store, nullptr, 900, erased.data(),
                                           erased.size() / 2, &first, nullptr),
              SKEP_OK);
    ASSERT_EQ(
        cpu_operations().mask_create(store.store, first, 1000, erased.data() + erased.size() / 2,
                                     erased.size() - erased.size() / 2, &second, nullptr),
        SKEP_OK);

    for (const std::uint64_t num_queries : {2U, 30U}) {
        const auto queries = random_f32(num_queries * kDim, 15);
        for (const std::uint64_t k : {3U, 700U}) {
            skep_search_request request = search_request(kRows, k);
            request.mask = second;
            request.allowed = &bitmap;
            EXPECT_EQ(search(store, matrix_of(queries, kDim), request),
                      plain_scan(SKEP_METRIC_L2, queries, rows, kDim, k, visible));
        }
    }
    cpu_operations().mask_destroy(second);
    cpu_operations().mask_destroy(first);
}

// Rows and queries with gaps and at odd addresses.
TEST_P(ExactSearch, ReadsStridedAndUnalignedMatrices) {
    constexpr std::uint32_t kDim = 37;
    constexpr std::size_t kRows = 120;
    const auto rows = random_f32(kRows * kDim, 16);
    constexpr std::size_t kStride = kDim * 4 + 3;
    std::vector<unsigned char> bytes(kRows * kStride + 1);
    for (std::size_t row = 0; row < kRows; ++row)
        std::memcpy(bytes.data() + 1 + row * kStride, rows.data() + row * kDim, kDim * 4);
    skep_matrix matrix = matrix_of(rows, kDim);
    matrix.row_stride_bytes = kStride;
    matrix.data = bytes.data() + 1;
    HostDouble host;
    const CpuDeviceHandle device(host, isa());
    for (const skep_metric metric : kMetrics) {
        const skep_store_options options = store_options(metric, SKEP_DTYPE_F32, kDim);
        StoreHandle copied(device, options);
        copied.append(matrix);
        skep_store* adopted = nullptr;
        int num_releases = 0;
        const skep_release release{&num_releases,
                                   [](void* context) { ++*static_cast<int*>(context); }};
        ASSERT_EQ(cpu_operations().opt_store_adopt(device.device, &options, &matrix, &release,
                                                   nullptr, &adopted, nullptr),
                  SKEP_OK);
        Answer from_adopted;
        const skep_search_request request = search_request(kRows, 5);
        const skep_search_answer target = answer_into(from_adopted, kRows, 5);
        ASSERT_EQ(
            cpu_operations().store_search(adopted, &matrix, &request, &target, nullptr, nullptr),
            SKEP_OK);

        const Answer expected = plain_scan(metric, rows, rows, kDim, 5);

        EXPECT_EQ(search(copied, matrix, request), expected);
        EXPECT_EQ(from_adopted, expected);
        EXPECT_EQ(num_releases, 0);
        cpu_operations().store_destroy(adopted);
        EXPECT_EQ(num_releases, 1);
    }
}

INSTANTIATE_TEST_SUITE_P(EveryIsa, ExactSearch, ::testing::ValuesIn(cpu::usable_isa_names()),
                         IsaTestName());

}  // namespace
}  // namespace skep::testing
