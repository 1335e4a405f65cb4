// SPDX-License-Identifier: MIT
#include "eval/ground_truth.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <skep/evaluation.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <limits>
#include <numeric>
#include <thread>
#include <vector>

#include "eval/pair_distance.hpp"
#include "io/vector_file.hpp"
#include "skep/common/distance.hpp"
#include "skep/common/element_type.hpp"
#include "support/generators.hpp"

namespace skep {
namespace {

using testing::matrix_of;

// Host services with so many threads, each call with its own.
struct ThreadedHost {
    explicit ThreadedHost(std::uint32_t num_threads) : num_workers(num_threads) {
        services.struct_size = sizeof services;
        services.context = this;
        services.num_workers = [](void* self) {
            return static_cast<ThreadedHost*>(self)->num_workers;
        };
        services.parallel_for = [](void* self, std::uint64_t num_tasks, skep_task_fn task,
                                   void* task_context) {
            std::atomic<std::uint64_t> next{0};
            const auto work = [&](std::uint32_t worker) {
                for (std::uint64_t id = next++; id < num_tasks; id = next++) {
                    task(task_context, id, worker);
                }
            };
            std::vector<std::thread> threads;
            for (std::uint32_t worker = 1; worker < static_cast<ThreadedHost*>(self)->num_workers;
                 ++worker) {
                threads.emplace_back(work, worker);
            }
            work(0);
            for (std::thread& thread : threads)
                thread.join();
        };
    }

    std::uint32_t num_workers;
    skep_host_services services{};
};

struct Truth {
    std::vector<std::uint32_t> ids;
    std::vector<float> distances;

    bool operator==(const Truth&) const = default;
};

Truth truth_of(const skep_matrix& base, const skep_matrix& queries, skep_metric metric,
               std::uint64_t k, std::uint32_t num_threads = 1) {
    ThreadedHost host(num_threads);
    Truth truth{std::vector<std::uint32_t>(queries.num_rows * k, 77),
                std::vector<float>(queries.num_rows * k, 77.0F)};
    compute_ground_truth(host.services, base, queries, metric, k, truth.ids.data(),
                         truth.distances.data(), *CallControl::create(nullptr).value())
        .value();
    return truth;
}

// The definition, written down once more: sort everything.
template <typename BaseElement, typename QueryElement>
Truth sorted_truth(const std::vector<BaseElement>& base, const std::vector<QueryElement>& queries,
                   std::uint32_t dim, skep_metric metric, std::uint64_t k) {
    Truth truth;
    const std::size_t num_rows = base.size() / dim;
    for (std::size_t query = 0; query < queries.size() / dim; ++query) {
        std::vector<double> distances(num_rows);
        for (std::size_t row = 0; row < num_rows; ++row) {
            distances[row] =
                distance(metric, queries.data() + query * dim, base.data() + row * dim, dim);
        }
        std::vector<std::uint32_t> order(num_rows);
        std::iota(order.begin(), order.end(), 0U);
        std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
            return distances[a] < distances[b];
        });
        for (std::uint64_t rank = 0; rank < k; ++rank) {
            const bool is_there = rank < num_rows;
            truth.ids.push_back(is_there ? order[rank] : SKEP_NO_ROW);
            truth.distances.push_back(is_there ? static_cast<float>(distances[order[rank]])
                                               : std::numeric_limits<float>::infinity());
        }
    }
    return truth;
}

constexpr skep_metric kMetrics[] = {SKEP_METRIC_COSINE, SKEP_METRIC_L2, SKEP_METRIC_INNER_PRODUCT};

TEST(GroundTruth, IsASortedScanInEveryMetric) {
    for (const std::uint32_t dim : {1U, 15U, 16U, 17U, 100U}) {
        const auto base = testing::random_f32(333 * dim, 41);
        const auto queries = testing::random_f32(19 * dim, 42);
        for (const skep_metric metric : kMetrics) {
            EXPECT_EQ(truth_of(matrix_of(base, dim), matrix_of(queries, dim), metric, 10),
                      sorted_truth(base, queries, dim, metric, 10))
                << "dim " << dim << ", metric " << metric;
        }
    }
}

TEST(GroundTruth, IsASortedScanOfBytesAndOfMixedTypes) {
    const std::uint32_t dim = 33;
    const auto base = testing::random_u8(500 * dim, 43);
    const auto queries = testing::random_u8(20 * dim, 44);
    const auto float_queries = testing::random_f32(20 * dim, 45);
    for (const skep_metric metric : kMetrics) {
        EXPECT_EQ(truth_of(matrix_of(base, dim), matrix_of(queries, dim), metric, 7),
                  sorted_truth(base, queries, dim, metric, 7));
        EXPECT_EQ(truth_of(matrix_of(base, dim), matrix_of(float_queries, dim), metric, 7),
                  sorted_truth(base, float_queries, dim, metric, 7));
        EXPECT_EQ(truth_of(matrix_of(float_queries, dim), matrix_of(base, dim), metric, 7),
                  sorted_truth(float_queries, base, dim, metric, 7));
    }
}

TEST(GroundTruth, ComputesHalvesAsTheFloatsTheyAre) {
    const std::uint32_t dim = 5;
    std::vector<std::uint16_t> halves(40 * dim);
    std::vector<float> f16_values;
    std::vector<float> bf16_values;
    for (std::size_t i = 0; i < halves.size(); ++i) {
        halves[i] = static_cast<std::uint16_t>(0x3800 + (i * 7919) % 2000);
        f16_values.push_back(f16_to_f32(halves[i]));
        bf16_values.push_back(bf16_to_f32(halves[i]));
    }
    const auto queries = testing::random_f32(6 * dim, 46);
    const auto half_matrix = [&](skep_dtype dtype) -> skep_matrix {
        return SKEP_HOST_MATRIX(skep_matrix, dtype, halves.data(), 40, dim);
    };
    for (const skep_metric metric : kMetrics) {
        EXPECT_EQ(truth_of(half_matrix(SKEP_DTYPE_F16), matrix_of(queries, dim), metric, 5),
                  sorted_truth(f16_values, queries, dim, metric, 5));
        EXPECT_EQ(truth_of(half_matrix(SKEP_DTYPE_BF16), matrix_of(queries, dim), metric, 5),
                  sorted_truth(bf16_values, queries, dim, metric, 5));
    }
}

TEST(GroundTruth, ComputesTheLargestBytesExactly) {
    // 65 536 * 255 * 255 is the largest sum that the u32 path ever meets.
    const std::vector<std::uint8_t> zeros(SKEP_MAX_DIM, 0);
    const std::vector<std::uint8_t> full(SKEP_MAX_DIM, 255);

    EXPECT_EQ(squared_l2_of(zeros.data(), full.data(), SKEP_MAX_DIM), 4'261'478'400.0);
    EXPECT_EQ(dot_product_of(full.data(), full.data(), SKEP_MAX_DIM), 4'261'478'400.0);
    EXPECT_EQ(squared_l2(zeros.data(), full.data(), SKEP_MAX_DIM), 4'261'478'400.0);
}

TEST(GroundTruth, OrdersTiesByRow) {
    const std::vector<float> base = {1.0F, -1.0F, 1.0F, 0.5F, -1.0F};
    const std::vector<float> query = {0.0F};

    const Truth truth = truth_of(matrix_of(base, 1), matrix_of(query, 1), SKEP_METRIC_L2, 4);

    EXPECT_EQ(truth.ids, (std::vector<std::uint32_t>{3, 0, 1, 2}));
    EXPECT_EQ(truth.distances, (std::vector<float>{0.25F, 1.0F, 1.0F, 1.0F}));
}

TEST(GroundTruth, OrdersByTheDoubleNotByTheFloat) {
    // Both distances are 2^24 as floats; row 1 is nearer by one.
    const std::vector<float> base = {4096.0F, 1.0F, 4096.0F, 0.0F};
    const std::vector<float> query = {0.0F, 0.0F};

    const Truth truth = truth_of(matrix_of(base, 2), matrix_of(query, 2), SKEP_METRIC_L2, 2);

    EXPECT_EQ(truth.ids, (std::vector<std::uint32_t>{1, 0}));
    EXPECT_EQ(truth.distances[0], truth.distances[1]);
}

TEST(GroundTruth, PadsWhereRowsRunOut) {
    const std::vector<float> base = {1.0F, 2.0F};
    const std::vector<float> queries = {0.0F, 5.0F};
    const float infinity = std::numeric_limits<float>::infinity();

    const Truth truth = truth_of(matrix_of(base, 1), matrix_of(queries, 1), SKEP_METRIC_L2, 3);

    EXPECT_EQ(truth.ids, (std::vector<std::uint32_t>{0, 1, SKEP_NO_ROW, 1, 0, SKEP_NO_ROW}));
    EXPECT_EQ(truth.distances, (std::vector<float>{1, 4, infinity, 9, 16, infinity}));
    const skep_matrix empty = SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_F32, nullptr, 0, 1);
    EXPECT_EQ(truth_of(empty, matrix_of(queries, 1), SKEP_METRIC_L2, 1).ids,
              (std::vector<std::uint32_t>{SKEP_NO_ROW, SKEP_NO_ROW}));
}

TEST(GroundTruth, IsTheSameForEveryNumberOfWorkersAndShapeOfWork) {
    // Few queries over many rows are cut into slices, and their answers merged. Few distinct values
    // make ties between slices.
    const std::uint32_t dim = 3;
    std::vector<std::uint8_t> base = testing::random_u8(30'000 * dim, 47);
    for (std::uint8_t& component : base)
        component = static_cast<std::uint8_t>(component % 8);
    for (const std::size_t num_queries : {1U, 17U, 200U}) {
        const auto queries = testing::random_u8(num_queries * dim, 48);
        const Truth expected =
            truth_of(matrix_of(base, dim), matrix_of(queries, dim), SKEP_METRIC_L2, 100, 1);
        for (const std::uint32_t num_threads : {2U, 7U}) {
            EXPECT_EQ(truth_of(matrix_of(base, dim), matrix_of(queries, dim), SKEP_METRIC_L2, 100,
                               num_threads),
                      expected);
        }
    }
}

TEST(GroundTruth, TakesRowsWithGapsAndUnaligned) {
    const std::uint32_t dim = 4;
    const auto base = testing::random_f32(50 * dim, 49);
    const auto queries = testing::random_f32(3 * dim, 50);
    const std::size_t stride = dim * sizeof(float) + 5;
    std::vector<char> memory(1 + 50 * stride);
    for (std::size_t row = 0; row < 50; ++row) {
        std::memcpy(memory.data() + 1 + row * stride, base.data() + row * dim, dim * sizeof(float));
    }
    skep_matrix rows = SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_F32, memory.data() + 1, 50, dim);
    rows.row_stride_bytes = stride;

    EXPECT_EQ(truth_of(rows, matrix_of(queries, dim), SKEP_METRIC_COSINE, 5),
              truth_of(matrix_of(base, dim), matrix_of(queries, dim), SKEP_METRIC_COSINE, 5));
    EXPECT_EQ(truth_of(matrix_of(queries, dim), rows, SKEP_METRIC_COSINE, 5),
              truth_of(matrix_of(queries, dim), matrix_of(base, dim), SKEP_METRIC_COSINE, 5));
}

TEST(GroundTruth, AgreesWithTheTruthOfTheSample) {
    const auto open = [](const char* name) {
        return VectorFile::open(std::string(SKEP_TEST_DATA_DIR "/") + name).value();
    };
    const auto base = open("sift10k_base.u8bin");
    const auto queries = open("sift10k_query.u8bin");
    const auto ids = open("sift10k_gt_100x100.ibin");
    const auto distances = open("sift10k_gtdist_100x100.fbin");

    const Truth truth = truth_of(base->rows(), queries->rows(), SKEP_METRIC_L2, 100, 2);

    EXPECT_EQ(std::memcmp(truth.ids.data(), ids->rows().data, 40'000), 0);
    EXPECT_EQ(std::memcmp(truth.distances.data(), distances->rows().data, 40'000), 0);
}

TEST(GroundTruth, WritesNothingWhenItIsStopped) {
    const std::uint32_t dim = 16;
    const auto base = testing::random_f32(20'000 * dim, 51);
    const auto queries = testing::random_f32(50 * dim, 52);
    ThreadedHost host(2);
    skep_cancel cancel{std::make_shared<CancelFlag>()};
    cancel.flag->triggered = true;
    skep_call_options options = SKEP_CALL_OPTIONS_INIT;
    options.cancel = &cancel;
    std::vector<std::uint32_t> ids(50, 77);
    std::vector<float> distances(50, 77.0F);

    const auto result = compute_ground_truth(
        host.services, matrix_of(base, dim), matrix_of(queries, dim), SKEP_METRIC_L2, 1, ids.data(),
        distances.data(), *CallControl::create(&options).value());

    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().status(), SKEP_CANCELLED);
    EXPECT_EQ(ids, std::vector<std::uint32_t>(50, 77));
    EXPECT_EQ(distances, std::vector<float>(50, 77.0F));
}

TEST(GroundTruth, ReportsProgress) {
    const std::uint32_t dim = 64;
    const auto base = testing::random_f32(20'000 * dim, 53);
    const auto queries = testing::random_f32(50 * dim, 54);
    ThreadedHost host(2);
    std::uint64_t total_seen = 0;
    skep_call_options options = SKEP_CALL_OPTIONS_INIT;
    options.user_data = &total_seen;
    options.progress = [](void* user_data, std::uint64_t done, std::uint64_t total) {
        EXPECT_LE(done, total);
        *static_cast<std::uint64_t*>(user_data) = total;
        return 0;
    };
    std::vector<std::uint32_t> ids(50);
    std::vector<float> distances(50);

    compute_ground_truth(host.services, matrix_of(base, dim), matrix_of(queries, dim),
                         SKEP_METRIC_L2, 1, ids.data(), distances.data(),
                         *CallControl::create(&options).value())
        .value();

    EXPECT_GT(total_seen, 0U);
}

}  // namespace
}  // namespace skep
