// SPDX-License-Identifier: MIT
// One graph, every device: built on one, saved, opened and searched on the other, with the same
// recall. Real rows and random ones of every metric and element type.
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "gpu_fixture.hpp"
#include "support/elements.hpp"

namespace skep::testing {
namespace {

constexpr std::uint64_t kK = 10;

// Walks, where an exact search of so few rows would be cheaper. Read when a runtime opens a device.
class CrossGraph : public GpuTest {
  protected:
    void SetUp() override {
        setenv("SKEP_CUDA_WALKS", "always", 1);
        GpuTest::SetUp();
        file = (std::filesystem::temp_directory_path() /
                ("skep_cross_graph_" + std::to_string(::getpid()) + ".skep"))
                   .string();
    }
    void TearDown() override {
        unsetenv("SKEP_CUDA_WALKS");
        std::filesystem::remove(file);
    }

    Collection build(const char* device, skep_metric metric, const skep_matrix& rows,
                     std::uint32_t m = 16) {
        CollectionOptions options;
        options.device = device;
        options.metric = metric;
        options.dtype = rows.dtype;
        options.dim = rows.dim;
        options.index = SKEP_INDEX_HNSW;
        options.m = m;
        Collection collection = Collection::create(*runtime, options).value();
        const auto added = collection.add(rows);
        EXPECT_TRUE(added) << added.error().message();
        return collection;
    }
    static std::vector<float> find(const Collection& collection, const skep_matrix& queries,
                                   std::uint32_t ef_search) {
        skep_search_options options = SKEP_SEARCH_OPTIONS_INIT;
        options.k = kK;
        options.ef_search = ef_search;
        auto hits = collection.search(queries, options);
        EXPECT_TRUE(hits) << hits.error().message();
        return std::move(hits->distances);
    }
    // Share of distances that are at most the true k-th.
    static double recall(const std::vector<float>& found, const std::vector<float>& truth) {
        std::uint64_t hits = 0;
        for (std::size_t i = 0; i < found.size(); ++i)
            hits += found[i] <= truth[i / kK * kK + kK - 1] ? 1U : 0U;
        return static_cast<double>(hits) / static_cast<double>(found.size());
    }

    std::string file;
};

struct Sift {
    ByteMatrix rows = read_u8bin(data_path("sift10k_base.u8bin"));
    ByteMatrix queries = read_u8bin(data_path("sift10k_query.u8bin"));
};

// Rows of the sample, moved a little, so that walks have far to go.
std::vector<std::uint8_t> many_rows(const Sift& sift, std::size_t copies) {
    const std::vector<std::uint8_t>& rows = sift.rows.rows;
    std::vector<std::uint8_t> all;
    std::mt19937_64 engine(5);
    std::uniform_int_distribution<int> step(-6, 6);
    for (std::size_t copy = 0; copy < copies; ++copy) {
        for (const std::uint8_t value : rows) {
            const int moved = copy == 0 ? value : std::clamp(value + step(engine), 0, 255);
            all.push_back(static_cast<std::uint8_t>(moved));
        }
    }
    return all;
}

// As many queries as tell two tenths of a point from noise.
std::vector<std::uint8_t> many_queries(const std::vector<std::uint8_t>& rows) {
    std::vector<std::uint8_t> queries(rows.begin(), rows.begin() + 4000 * 128);
    for (std::size_t i = 0; i < queries.size(); i += 3)
        queries[i] = static_cast<std::uint8_t>(queries[i] / 2 + 10);
    return queries;
}

TEST_F(CrossGraph, OneFileHasTheSameRecallOnBothDevices) {
    const Sift sift;
    ASSERT_EQ(sift.rows.dim, 128U);
    const auto rows = many_rows(sift, 10);
    const auto queries = many_queries(rows);
    const skep_matrix row_matrix = matrix_of(rows, 128);
    const skep_matrix query_matrix = matrix_of(queries, 128);
    Collection flat = make("cuda", SKEP_METRIC_L2, SKEP_DTYPE_U8, 128);
    ASSERT_TRUE(flat.add(row_matrix));
    const std::vector<float> truth = flat.search(query_matrix, kK).value().distances;
    for (const char* builder : {"cuda", "cpu"}) {
        const Collection built = build(builder, SKEP_METRIC_L2, row_matrix);
        ASSERT_TRUE(built.save(file));
        const Collection on_cpu = Collection::open(*runtime, file, "cpu").value();
        const Collection on_gpu = Collection::open(*runtime, file, "cuda").value();
        EXPECT_EQ(on_cpu.stats()->num_links, built.stats()->num_links);
        EXPECT_EQ(on_gpu.stats()->num_links, built.stats()->num_links);
        for (const std::uint32_t ef : {16U, 32U, 64U, 128U, 256U}) {
            const double cpu = recall(find(on_cpu, query_matrix, ef), truth);
            const double gpu = recall(find(on_gpu, query_matrix, ef), truth);
            std::printf("built on %-4s ef %3u: recall %.4f on the CPU, %.4f on the GPU\n", builder,
                        ef, cpu, gpu);
            EXPECT_NEAR(cpu, gpu, 0.002) << "built on " << builder << ", ef " << ef;
        }
    }
}

TEST_F(CrossGraph, FilesOfHnswlibAreWalkedOnTheGpu) {
    const Sift sift;
    const auto rows = many_rows(sift, 2);
    const auto queries = many_queries(rows);
    const skep_matrix query_matrix = matrix_of(queries, 128);
    Collection built = build("cpu", SKEP_METRIC_L2, matrix_of(rows, 128));
    ASSERT_TRUE(built.export_hnswlib(file));
    skep_hnswlib_options options = SKEP_HNSWLIB_OPTIONS_INIT;
    options.dtype = SKEP_DTYPE_U8;
    options.device = "cuda";
    const Collection imported = Collection::import_hnswlib(*runtime, file, options).value();
    EXPECT_EQ(imported.stats()->num_links, built.stats()->num_links);
    Collection flat = make("cuda", SKEP_METRIC_L2, SKEP_DTYPE_U8, 128);
    ASSERT_TRUE(flat.add(matrix_of(rows, 128)));
    const std::vector<float> truth = flat.search(query_matrix, kK).value().distances;
    for (const std::uint32_t ef : {32U, 128U}) {
        EXPECT_NEAR(recall(find(imported, query_matrix, ef), truth),
                    recall(find(built, query_matrix, ef), truth), 0.002)
            << "ef " << ef;
    }
}

TEST_F(CrossGraph, GraphsOfBothDevicesAreAsGood) {
    const Sift sift;
    const auto rows = many_rows(sift, 4);
    const skep_matrix row_matrix = matrix_of(rows, 128);
    const auto queries = many_queries(rows);
    const skep_matrix query_matrix = matrix_of(queries, 128);
    Collection flat = make("cuda", SKEP_METRIC_L2, SKEP_DTYPE_U8, 128);
    ASSERT_TRUE(flat.add(row_matrix));
    const std::vector<float> truth = flat.search(query_matrix, kK).value().distances;
    const Collection on_cpu = build("cpu", SKEP_METRIC_L2, row_matrix);
    const Collection on_gpu = build("cuda", SKEP_METRIC_L2, row_matrix);
    for (const std::uint32_t ef : {32U, 64U, 128U}) {
        const double cpu = recall(find(on_cpu, query_matrix, ef), truth);
        const double gpu = recall(find(on_gpu, query_matrix, ef), truth);
        EXPECT_GE(gpu, cpu - 0.01) << "ef " << ef;
    }
}

TEST_F(CrossGraph, ShortForSanitizers) {
    const auto rows = random_f32(std::size_t{2500} * 20, 41);
    const skep_matrix row_matrix = matrix_of(rows, 20);
    Collection graph = build("cuda", SKEP_METRIC_L2, row_matrix, 8);
    const auto more = random_f32(std::size_t{300} * 20, 42);
    ASSERT_TRUE(graph.add(matrix_of(more, 20)));
    const auto queries = random_f32(std::size_t{30} * 20, 43);
    EXPECT_EQ(find(graph, matrix_of(queries, 20), 40).size(), 30 * kK);
    EXPECT_EQ(graph.stats()->num_linked, 2800U);
}

template <typename Element>
void expect_good_walks(const Runtime& runtime, skep_metric metric, std::uint32_t dim) {
    const auto draw = [&](std::size_t count, std::uint64_t seed) {
        const float most = std::is_integral_v<Element> ? 120.0F : 1.0F;
        const float least = std::is_same_v<Element, std::uint8_t> ? 0.0F : -most;
        return elements_near<Element>(random_f32(count, seed, least, most));
    };
    const auto rows = draw(std::size_t{20000} * dim, 31);
    const auto queries = draw(std::size_t{200} * dim, 32);
    CollectionOptions options;
    options.device = "cuda";
    options.metric = metric;
    options.dtype = kDtypeOf<Element>;
    options.dim = dim;
    Collection flat = Collection::create(runtime, options).value();
    options.index = SKEP_INDEX_HNSW;
    Collection graph = Collection::create(runtime, options).value();
    ASSERT_TRUE(flat.add(matrix_of(rows, dim)));
    ASSERT_TRUE(graph.add(matrix_of(rows, dim)));
    skep_search_options search = SKEP_SEARCH_OPTIONS_INIT;
    search.k = kK;
    search.ef_search = 400;
    const auto truth = flat.search(matrix_of(queries, dim), kK).value();
    const auto found = graph.search(matrix_of(queries, dim), search).value();
    std::uint64_t hits = 0;
    for (std::size_t i = 0; i < found.distances.size(); ++i)
        hits += found.distances[i] <= truth.distances[i / kK * kK + kK - 1] ? 1U : 0U;
    const double recall = static_cast<double>(hits) / static_cast<double>(found.distances.size());
    // Long rows are near everything: walks for inner products miss more.
    const double least = metric == SKEP_METRIC_INNER_PRODUCT ? 0.7 : 0.95;
    EXPECT_GE(recall, least) << "metric " << metric << " dim " << dim;
}

TEST_F(CrossGraph, EveryMetricAndElementTypeIsWalked) {
    for (const skep_metric metric :
         {SKEP_METRIC_COSINE, SKEP_METRIC_L2, SKEP_METRIC_INNER_PRODUCT}) {
        for (const std::uint32_t dim : {7U, 16U, 40U}) {
            expect_good_walks<float>(*runtime, metric, dim);
            expect_good_walks<std::uint8_t>(*runtime, metric, dim);
            expect_good_walks<std::int8_t>(*runtime, metric, dim);
            expect_good_walks<Half>(*runtime, metric, dim);
            expect_good_walks<Brain>(*runtime, metric, dim);
        }
    }
}

TEST_F(CrossGraph, SearchesRunBesideLinking) {
    const Sift sift;
    const auto rows = many_rows(sift, 6);
    const skep_matrix query_matrix = matrix_of(sift.queries.rows, 128);
    CollectionOptions options;
    options.device = "cuda";
    options.dtype = SKEP_DTYPE_U8;
    options.dim = 128;
    options.index = SKEP_INDEX_HNSW;
    Collection collection = Collection::create(*runtime, options).value();
    ASSERT_TRUE(collection.add(matrix_of(sift.rows.rows, 128)));
    std::atomic<bool> is_done{false};
    std::atomic<std::uint64_t> num_wrong{0};
    std::vector<std::thread> readers;
    for (int reader = 0; reader < 4; ++reader) {
        readers.emplace_back([&] {
            while (!is_done) {
                const auto hits = collection.search(query_matrix, kK);
                if (!hits) {
                    ++num_wrong;
                    continue;
                }
                for (std::size_t i = 1; i < hits->distances.size(); ++i) {
                    const bool is_same_query = i % kK != 0;
                    if (is_same_query && hits->distances[i] < hits->distances[i - 1]) ++num_wrong;
                    if (is_same_query && hits->keys[i] == hits->keys[i - 1]) ++num_wrong;
                }
            }
        });
    }
    constexpr std::size_t kStep = 2500;
    for (std::size_t first = 10000; first < 60000; first += kStep) {
        const skep_matrix part =
            SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_U8, rows.data() + first * 128, kStep, 128);
        ASSERT_TRUE(collection.add(part));
    }
    is_done = true;
    for (std::thread& reader : readers)
        reader.join();
    EXPECT_EQ(num_wrong, 0U);
    EXPECT_EQ(collection.stats()->num_linked, 60000U);
}

// All rows replaced, a part at a time, with compactions in between.
TEST_F(CrossGraph, RecallOutlivesAWholeChurn) {
    const Sift sift;
    const auto rows = many_rows(sift, 4);
    const auto queries = many_queries(rows);
    const skep_matrix query_matrix = matrix_of(queries, 128);
    constexpr std::size_t kHalf = 20000;
    Collection churned = build("cuda", SKEP_METRIC_L2, matrix_of(rows, 128));
    ASSERT_TRUE(churned.clear());
    const auto part_of = [&](std::size_t first, std::size_t count) {
        return skep_matrix SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_U8, rows.data() + first * 128,
                                            count, 128);
    };
    ASSERT_TRUE(churned.add(part_of(0, kHalf)));
    constexpr std::size_t kStep = 4000;
    for (std::size_t first = 0; first < kHalf; first += kStep) {
        std::vector<std::uint64_t> keys(kStep);
        for (std::size_t i = 0; i < kStep; ++i)
            keys[i] = first + i;
        const skep_keys gone = SKEP_U64_KEYS(keys.data(), keys.size());
        ASSERT_TRUE(churned.remove(gone));
        ASSERT_TRUE(churned.add(part_of(kHalf + first, kStep)));
        if (first / kStep % 2 == 1) {
            ASSERT_TRUE(churned.compact());
        }
    }
    const Collection fresh = build("cuda", SKEP_METRIC_L2, part_of(kHalf, kHalf));
    Collection flat = make("cuda", SKEP_METRIC_L2, SKEP_DTYPE_U8, 128);
    ASSERT_TRUE(flat.add(part_of(kHalf, kHalf)));
    const std::vector<float> truth = flat.search(query_matrix, kK).value().distances;
    for (const std::uint32_t ef : {32U, 64U}) {
        const double was = recall(find(fresh, query_matrix, ef), truth);
        const double is = recall(find(churned, query_matrix, ef), truth);
        std::printf("ef %u: recall %.4f fresh, %.4f after the churn\n", ef, was, is);
        EXPECT_GE(is, was - 0.01);
    }
}

}  // namespace
}  // namespace skep::testing
