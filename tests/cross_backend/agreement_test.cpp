// SPDX-License-Identifier: MIT
// The GPU's answers are the CPU's, bit for bit: the same keys in the same order and the same
// floats.
#include <cstdint>
#include <thread>
#include <type_traits>

#include "gpu_fixture.hpp"

namespace skep::testing {
namespace {

constexpr skep_metric kMetrics[] = {SKEP_METRIC_COSINE, SKEP_METRIC_L2, SKEP_METRIC_INNER_PRODUCT};

void expect_same(const Hits& cpu, const Hits& gpu, const std::string& what) {
    std::size_t num_different = 0;
    std::size_t first_different = 0;
    for (std::size_t i = 0; i < cpu.keys.size(); ++i) {
        if (cpu.keys[i] == gpu.keys[i] && cpu.distances[i] == gpu.distances[i]) continue;
        if (num_different++ == 0) first_different = i;
    }
    EXPECT_EQ(num_different, 0U) << what << ": first at query " << first_different / cpu.k
                                 << " rank " << first_different % cpu.k << ": cpu "
                                 << cpu.keys[first_different] << " at "
                                 << cpu.distances[first_different] << ", gpu "
                                 << gpu.keys[first_different] << " at "
                                 << gpu.distances[first_different];
}

class Agreement : public GpuTest {
  protected:
    // Adds the same rows to both, searches both, compares.
    template <typename Row, typename Query>
    void expect_agreement(skep_metric metric, const std::vector<Row>& rows,
                          const std::vector<Query>& queries, std::uint32_t dim, std::uint64_t k) {
        constexpr skep_dtype dtype = kDtypeOf<Row>;
        Collection cpu = make("cpu", metric, dtype, dim);
        Collection gpu = make("cuda:0", metric, dtype, dim);
        ASSERT_TRUE(cpu.add(matrix_of(rows, dim)));
        const auto added = gpu.add(matrix_of(rows, dim));
        ASSERT_TRUE(added) << added.error().message();
        const auto on_cpu = cpu.search(matrix_of(queries, dim), k);
        const auto on_gpu = gpu.search(matrix_of(queries, dim), k);
        ASSERT_TRUE(on_cpu) << on_cpu.error().message();
        ASSERT_TRUE(on_gpu) << on_gpu.error().message();
        const std::string what = "metric " + std::to_string(metric) + " dim " +
                                 std::to_string(dim) + " dtype " + std::to_string(dtype) + " k " +
                                 std::to_string(k);
        expect_same(*on_cpu, *on_gpu, what);
        const auto stats = gpu.stats();
        ASSERT_TRUE(stats);
        num_queries += queries.size() / dim;
        num_retries += stats->num_exact_retries;
    }
    // Rows of one of the types that share kernels: every way of searching them, both kinds of
    // queries, values at the ends of the range.
    template <typename Element>
    void expect_agreement_of_narrow_rows() {
        const float most = std::is_integral_v<Element> ? 128.0F : 2.0F;
        const auto draw = [&](std::size_t count, std::uint64_t seed) {
            return elements_near<Element>(random_f32(count, seed, -most, most));
        };
        for (const skep_metric metric : kMetrics) {
            for (const std::uint32_t dim : {3U, 17U, 96U, 128U, 129U, 384U, 960U}) {
                const auto rows = draw(std::size_t{20000} * dim, 700 + dim);
                for (const std::size_t batch : {1U, 7U, 400U}) {
                    expect_agreement(metric, rows, draw(batch * dim, 800 + dim), dim, 10);
                    expect_agreement(metric, rows, random_f32(batch * dim, 900 + dim, -most, most),
                                     dim, 10);
                }
            }
            // Small stores, many neighbours, whole numbers that need no sign, one value alone.
            expect_agreement(metric, draw(std::size_t{1000} * 30, 40), draw(50 * 30, 41), 30, 10);
            expect_agreement(metric, draw(std::size_t{30000} * 24, 42), draw(3 * 24, 43), 24, 5000);
            expect_agreement(metric, draw(std::size_t{30000} * 24, 42), draw(90 * 24, 44), 24, 900);
            std::vector<float> whole;
            for (const std::uint8_t byte : random_u8(std::size_t{20000} * 64, 45))
                whole.push_back(static_cast<float>(byte / 2));
            const auto whole_rows = elements_near<Element>(whole);
            const std::vector<Element> whole_queries(whole_rows.begin(), whole_rows.begin() + 6400);
            expect_agreement(metric, whole_rows, whole_queries, 64, 10);
            expect_agreement(metric, whole_rows, draw(6400, 46), 64, 10);
            expect_agreement(metric,
                             std::vector<Element>(std::size_t{9000} * 4, element_near<Element>(1)),
                             draw(8, 47), 4, 10);
            auto extreme = draw(std::size_t{20000} * 20, 48);
            const float ends[] = {1e30F, -1e30F, 0x1p-24F, 0x1p-130F, 0.0F};
            for (std::size_t i = 0; i < extreme.size(); ++i) {
                const std::size_t kind = i / 20 % 1000;
                if (kind < 5) extreme[i] = element_near<Element>(ends[kind]);
            }
            const std::vector<Element> extreme_queries(extreme.begin(), extreme.begin() + 200);
            expect_agreement(metric, extreme, extreme_queries, 20, 10);
        }
    }
    void TearDown() override {
        RecordProperty("queries", std::to_string(num_queries));
        RecordProperty("retries", std::to_string(num_retries));
        if (num_queries != 0) {
            std::printf("%llu queries compared, %llu of them redone by the plain kernels\n",
                        static_cast<unsigned long long>(num_queries),
                        static_cast<unsigned long long>(num_retries));
        }
    }

    std::uint64_t num_queries = 0;
    std::uint64_t num_retries = 0;
};

// 10 000 queries for each metric, over these dimensions.
TEST_F(Agreement, RandomFloats) {
    for (const skep_metric metric : kMetrics) {
        for (const std::uint32_t dim : {3U, 17U, 64U, 96U, 128U, 200U, 384U, 960U}) {
            const std::size_t num_rows = dim > 300 ? 8000 : 30000;
            expect_agreement(metric, random_f32(num_rows * dim, 100 + dim),
                             random_f32(std::size_t{1250} * dim, 200 + dim), dim, 10);
        }
    }
}

TEST_F(Agreement, RandomBytes) {
    for (const skep_metric metric : kMetrics) {
        for (const std::uint32_t dim : {5U, 32U, 100U, 128U, 300U}) {
            expect_agreement(metric, random_u8(std::size_t{30000} * dim, 300 + dim),
                             random_u8(std::size_t{400} * dim, 400 + dim), dim, 10);
            expect_agreement(metric, random_u8(std::size_t{10000} * dim, 500 + dim),
                             random_f32(std::size_t{50} * dim, 600 + dim, -9.0F, 255.0F), dim, 10);
        }
    }
}

TEST_F(Agreement, RowsOfF16) {
    expect_agreement_of_narrow_rows<Half>();
}

TEST_F(Agreement, RowsOfBf16) {
    expect_agreement_of_narrow_rows<Brain>();
}

TEST_F(Agreement, RowsOfI8) {
    expect_agreement_of_narrow_rows<std::int8_t>();
}

TEST_F(Agreement, EveryBatchSizeAndK) {
    constexpr std::uint32_t kDim = 40;
    const auto rows = random_f32(std::size_t{70000} * kDim, 1);
    for (const std::size_t batch : {1U, 2U, 8U, 9U, 31U, 32U, 33U, 64U, 65U, 129U, 5121U}) {
        expect_agreement(SKEP_METRIC_L2, rows, random_f32(batch * kDim, 2 + batch), kDim, 10);
    }
    for (const std::uint64_t k : {1U, 2U, 31U, 100U, 257U, 1000U, 2048U, 5000U}) {
        expect_agreement(SKEP_METRIC_COSINE, rows, random_f32(std::size_t{3} * kDim, 3), kDim, k);
        expect_agreement(SKEP_METRIC_L2, rows, random_f32(std::size_t{70} * kDim, 4), kDim, k);
    }
}

// Stores that the GPU searches without a filter, up to the largest of them and one row more.
TEST_F(Agreement, SmallStores) {
    for (const skep_metric metric : kMetrics) {
        for (const std::size_t num_rows : {1U, 10U, 1000U, 4096U, 4097U}) {
            for (const std::uint32_t dim : {1U, 30U, 128U}) {
                const auto seed = num_rows + dim;
                expect_agreement(metric, random_f32(num_rows * dim, 30 + seed),
                                 random_f32(std::size_t{300} * dim, 31 + seed), dim, 10);
                expect_agreement(metric, random_u8(num_rows * dim, 32 + seed),
                                 random_u8(std::size_t{50} * dim, 33 + seed), dim, 10);
            }
        }
    }
    const auto rows = random_f32(std::size_t{4096} * 100, 34);
    for (const std::uint64_t k : {1U, 500U, 2048U}) {
        expect_agreement(SKEP_METRIC_L2, rows, random_f32(std::size_t{9} * 100, 35), 100, k);
    }
}

// Queries that the plain kernels answer: several groups of them, and more rows than one chunk.
TEST_F(Agreement, EverythingTies) {
    constexpr std::uint32_t kDim = 4;
    const std::vector<float> rows(std::size_t{1'100'000} * kDim, 0.5F);
    expect_agreement(SKEP_METRIC_L2, rows, random_f32(std::size_t{40} * kDim, 36), kDim, 20);
    EXPECT_EQ(num_retries, 40U);
}

TEST_F(Agreement, ShortForSanitizers) {
    for (const skep_metric metric : kMetrics) {
        expect_agreement(metric, random_f32(std::size_t{500} * 33, 5), random_f32(3 * 33, 6), 33,
                         10);
        expect_agreement(metric, random_u8(std::size_t{500} * 33, 5), random_u8(3 * 33, 6), 33, 10);
        expect_agreement(metric, random_f32(std::size_t{9000} * 33, 5), random_f32(3 * 33, 6), 33,
                         10);
        expect_agreement(metric, random_f32(std::size_t{9000} * 33, 5),
                         random_f32(std::size_t{150} * 33, 7), 33, 10);
        expect_agreement(metric, random_u8(std::size_t{9000} * 20, 8), random_u8(20, 9), 20, 300);
        expect_agreement(metric, random_u8(std::size_t{9000} * 20, 8),
                         random_u8(std::size_t{130} * 20, 10), 20, 5);
    }
    // Long codes.
    expect_agreement(SKEP_METRIC_L2, random_f32(std::size_t{9000} * 200, 12),
                     random_f32(std::size_t{150} * 200, 13), 200, 10);
    expect_agreement(SKEP_METRIC_INNER_PRODUCT, random_u8(std::size_t{9000} * 200, 14),
                     random_u8(std::size_t{40} * 200, 15), 200, 10);
    const auto some = random_f32(std::size_t{9000} * 33, 5, -9.0F, 9.0F);
    const std::vector<float> few(some.begin(), some.begin() + 70 * 33);
    expect_agreement(SKEP_METRIC_L2, elements_near<Half>(some), elements_near<Half>(few), 33, 10);
    expect_agreement(SKEP_METRIC_COSINE, elements_near<Brain>(some), few, 33, 10);
    expect_agreement(SKEP_METRIC_L2, elements_near<std::int8_t>(some),
                     elements_near<std::int8_t>(few), 33, 10);
    // Ties everywhere: the plain kernels answer.
    expect_agreement(SKEP_METRIC_L2, std::vector<float>(std::size_t{9000} * 4, 1.0F),
                     random_f32(4, 11), 4, 10);
}

TEST_F(Agreement, ManyDimensions) {
    expect_agreement(SKEP_METRIC_L2, random_f32(std::size_t{500} * 65536, 12),
                     random_f32(std::size_t{2} * 65536, 13), 65536, 10);
    expect_agreement(SKEP_METRIC_COSINE, random_f32(std::size_t{5000} * 4096, 14),
                     random_f32(std::size_t{70} * 4096, 15), 4096, 10);
    expect_agreement(SKEP_METRIC_L2, random_f32(5000, 16), random_f32(100, 17), 1, 10);
}

TEST_F(Agreement, HugeTinyAndZeroValues) {
    constexpr std::uint32_t kDim = 20;
    auto rows = random_f32(std::size_t{20000} * kDim, 18);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const std::size_t row = i / kDim;
        if (row % 1000 == 1) rows[i] *= 3e38F;
        if (row % 1000 == 2) rows[i] *= 1e-40F;
        if (row % 1000 == 3) rows[i] = 0.0F;
    }
    auto queries = random_f32(std::size_t{80} * kDim, 19);
    for (std::uint32_t i = 0; i < kDim; ++i) {
        queries[i] *= 1e38F;
        queries[kDim + i] = 0.0F;
        queries[2 * kDim + i] *= 1e-42F;
    }
    for (const skep_metric metric : kMetrics)
        expect_agreement(metric, rows, queries, kDim, 10);
}

TEST_F(Agreement, Sift) {
    const ByteMatrix base = read_u8bin(data_path("sift10k_base.u8bin"));
    const ByteMatrix asked = read_u8bin(data_path("sift10k_query.u8bin"));
    ASSERT_FALSE(base.rows.empty()) << "set SKEP_DATA_DIR to the project's data folder";
    const std::vector<float> base_f32(base.rows.begin(), base.rows.end());
    const std::vector<float> asked_f32(asked.rows.begin(), asked.rows.end());
    for (const skep_metric metric : kMetrics) {
        expect_agreement(metric, base.rows, asked.rows, base.dim, 100);
        expect_agreement(metric, base_f32, asked_f32, base.dim, 100);
        // Every row as a query: 10 000.
        expect_agreement(metric, base.rows, base.rows, base.dim, 10);
    }
}

TEST_F(Agreement, RemovedRowsAndCompaction) {
    constexpr std::uint32_t kDim = 48;
    constexpr std::size_t kRows = 20000;
    const auto rows = random_f32(kRows * kDim, 20);
    const auto queries = random_f32(std::size_t{100} * kDim, 21);
    std::vector<std::uint64_t> gone;
    for (std::uint64_t key = 0; key < kRows; key += 3)
        gone.push_back(key);
    const skep_keys gone_keys = SKEP_U64_KEYS(gone.data(), gone.size());
    Collection cpu = make("cpu", SKEP_METRIC_L2, SKEP_DTYPE_F32, kDim);
    Collection gpu = make("cuda:0", SKEP_METRIC_L2, SKEP_DTYPE_F32, kDim);
    for (Collection* collection : {&cpu, &gpu}) {
        ASSERT_TRUE(collection->add(matrix_of(rows, kDim)));
        ASSERT_TRUE(collection->remove(gone_keys));
    }
    expect_same(cpu.search(matrix_of(queries, kDim), 10).value(),
                gpu.search(matrix_of(queries, kDim), 10).value(), "removed");
    for (Collection* collection : {&cpu, &gpu}) {
        ASSERT_TRUE(collection->compact());
        ASSERT_TRUE(collection->upsert(matrix_of(rows, kDim), [&] {
            static std::vector<std::uint64_t> all(kRows);
            for (std::size_t i = 0; i < kRows; ++i)
                all[i] = kRows - 1 - i;
            return skep_keys SKEP_U64_KEYS(all.data(), all.size());
        }()));
    }
    expect_same(cpu.search(matrix_of(queries, kDim), 10).value(),
                gpu.search(matrix_of(queries, kDim), 10).value(), "compacted and upserted");
}

TEST_F(Agreement, ManyThreads) {
    constexpr std::uint32_t kDim = 64;
    const auto rows = random_f32(std::size_t{50000} * kDim, 22);
    const auto queries = random_f32(std::size_t{40} * kDim, 23);
    Collection gpu = make("cuda:0", SKEP_METRIC_L2, SKEP_DTYPE_F32, kDim);
    ASSERT_TRUE(gpu.add(matrix_of(rows, kDim)));
    const Hits alone = gpu.search(matrix_of(queries, kDim), 10).value();
    std::vector<std::thread> threads;
    std::vector<int> num_wrong(12, 0);
    for (int& wrong : num_wrong) {
        threads.emplace_back([&] {
            for (int round = 0; round < 20; ++round) {
                const auto hits = gpu.search(matrix_of(queries, kDim), 10);
                wrong += !hits || hits->keys != alone.keys || hits->distances != alone.distances;
            }
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    EXPECT_EQ(num_wrong, std::vector<int>(12, 0));
}

TEST_F(Agreement, EveryRungOfTheLadder) {
    constexpr std::uint32_t kDim = 100;
    const auto rows = random_f32(std::size_t{40000} * kDim, 24);
    const auto bytes = random_u8(std::size_t{40000} * kDim, 25);
    const auto device = runtime->find_device("cuda:0").value();
    for (const char* rung : {"sm_70", "sm_80", "sm_90a"}) {
        if (std::string(rung) == "sm_90a" && std::string(device.compute_capability) != "9.0") {
            continue;
        }
        setenv("SKEP_CUDA_PTX", rung, 1);
        runtime.emplace(Runtime::create().value());
        expect_agreement(SKEP_METRIC_L2, rows, random_f32(std::size_t{200} * kDim, 26), kDim, 10);
        expect_agreement(SKEP_METRIC_COSINE, bytes, random_u8(std::size_t{200} * kDim, 27), kDim,
                         10);
        expect_agreement(SKEP_METRIC_INNER_PRODUCT, rows, random_f32(kDim, 28), kDim, 10);
        expect_agreement(SKEP_METRIC_L2, elements_near<Half>(rows), random_f32(kDim, 28), kDim, 10);
        EXPECT_STREQ(runtime->find_device("cuda:0").value().isa, rung);
    }
    unsetenv("SKEP_CUDA_PTX");
}

}  // namespace
}  // namespace skep::testing
