// SPDX-License-Identifier: MIT
// Every rung of the GPU's kernels over hard data: all metrics, k from 1 to 1 000, dimensions from 1
// to 4 096, with removed rows and a filter. The CPU's answers are the truth: they are tested
// against a double-precision scan in tests/unit/plugins/cpu.
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "gpu_fixture.hpp"

namespace skep::testing {
namespace {

constexpr std::size_t kRows = 6000;  // more than what is searched without a filter
constexpr std::size_t kQueries = 300;

struct Data {
    const char* name;
    std::vector<float> rows;
    std::vector<float> queries;
};

// A few centres, everything close to one of them, every third row a copy of another.
Data clustered(std::uint32_t dim) {
    constexpr std::size_t kCentres = 20;
    const auto centres = random_f32(kCentres * dim, 1);
    Data data{"clustered", random_f32(kRows * dim, 2, -0.001F, 0.001F),
              random_f32(kQueries * dim, 3, -0.001F, 0.001F)};
    const auto move = [&](std::vector<float>& values) {
        for (std::size_t i = 0; i < values.size(); ++i)
            values[i] += centres[i / dim % kCentres * dim + i % dim];
    };
    move(data.rows);
    move(data.queries);
    for (std::size_t row = 2; row < kRows; row += 3)
        std::copy_n(data.rows.begin() + static_cast<std::ptrdiff_t>((row / 2) * dim), dim,
                    data.rows.begin() + static_cast<std::ptrdiff_t>(row * dim));
    return data;
}

// Far from the origin and close together: lengths say nothing, differences cancel.
Data tiny_gaps(std::uint32_t dim) {
    Data data{"tiny gaps", random_f32(kRows * dim, 4, -0.01F, 0.01F),
              random_f32(kQueries * dim, 5, -0.01F, 0.01F)};
    for (float& value : data.rows)
        value += 100.0F;
    for (float& value : data.queries)
        value += 100.0F;
    return data;
}

// Lengths from denormal to 1e30, zero rows, and one element that ruins its row's scale.
Data uneven(std::uint32_t dim) {
    Data data{"uneven", random_f32(kRows * dim, 6), random_f32(kQueries * dim, 7)};
    constexpr float kFactors[] = {1.0F, 1e-40F, 0.0F, 1e30F, 1e-5F, 1e10F, 1.0F, 1.0F};
    for (std::size_t i = 0; i < data.rows.size(); ++i)
        data.rows[i] *= kFactors[i / dim % std::size(kFactors)];
    for (std::size_t row = 6; row < kRows; row += std::size(kFactors))
        data.rows[row * dim + row % dim] *= 1e5F;
    for (std::size_t i = 0; i < data.queries.size(); ++i)
        data.queries[i] *= kFactors[i / dim % std::size(kFactors)];
    return data;
}

Data whole_numbers(std::uint32_t dim) {
    const auto rows = random_u8(kRows * dim, 8);
    const auto queries = random_u8(kQueries * dim, 9);
    return {"whole numbers", {rows.begin(), rows.end()}, {queries.begin(), queries.end()}};
}

Data all_equal(std::uint32_t dim) {
    return {"all equal", std::vector<float>(kRows * dim, 0.25F), random_f32(kQueries * dim, 10)};
}

Data uniform(std::uint32_t dim) {
    return {"uniform", random_f32(kRows * dim, 11), random_f32(kQueries * dim, 12)};
}

using Maker = Data (*)(std::uint32_t dim);
constexpr Maker kMakers[] = {uniform, clustered, tiny_gaps, uneven, whole_numbers, all_equal};
constexpr skep_metric kMetrics[] = {SKEP_METRIC_COSINE, SKEP_METRIC_L2, SKEP_METRIC_INNER_PRODUCT};

struct FilterHandle {
    explicit FilterHandle(const Collection& collection, const std::vector<std::uint64_t>& keys) {
        const skep_keys allowed = SKEP_U64_KEYS(keys.data(), keys.size());
        EXPECT_EQ(
            skep_filter_create(collection.get(), SKEP_FILTER_ALLOW, &allowed, &filter, nullptr),
            SKEP_OK);
    }
    ~FilterHandle() { skep_filter_destroy(filter); }
    FilterHandle(const FilterHandle&) = delete;
    FilterHandle& operator=(const FilterHandle&) = delete;
    skep_filter* filter = nullptr;
};

// One collection on one device, a fifth of its rows removed, with a filter over a third.
struct Subject {
    Subject(Collection made, const Data& data, std::uint32_t dim)
        : collection(std::move(made)), filter(collection, add(data, dim)) {}

    std::vector<std::uint64_t> add(const Data& data, std::uint32_t dim) {
        EXPECT_TRUE(collection.add(matrix_of(data.rows, dim)));
        std::vector<std::uint64_t> removed;
        std::vector<std::uint64_t> allowed;
        for (std::uint64_t key = 0; key < kRows; ++key) {
            if (key % 5 == 1) removed.push_back(key);
            if (key % 3 == 1) allowed.push_back(key);
        }
        const skep_keys keys = SKEP_U64_KEYS(removed.data(), removed.size());
        EXPECT_TRUE(collection.remove(keys));
        return allowed;
    }
    Hits search(const std::vector<float>& queries, std::uint32_t dim, std::uint64_t k,
                bool is_filtered) const {
        skep_search_options options = SKEP_SEARCH_OPTIONS_INIT;
        options.k = k;
        options.filter = is_filtered ? filter.filter : nullptr;
        return collection.search(matrix_of(queries, dim), options).value();
    }

    Collection collection;
    FilterHandle filter;
};

struct Search {
    std::size_t batch;
    std::uint64_t k;
    bool is_filtered;
};
constexpr Search kSearches[] = {{1, 1, false},        {1, 1000, false},     {7, 10, true},
                                {7, 100, false},      {kQueries, 1, false}, {kQueries, 10, false},
                                {kQueries, 10, true}, {65, 100, true},      {65, 1000, false}};

class Exactness : public GpuTest {};

TEST_F(Exactness, OfEveryRungMetricDimensionAndK) {
    const std::string capability = runtime->find_device("cuda:0").value().compute_capability;
    std::vector<Runtime> rungs;
    std::vector<Collection> opened;
    for (const char* rung : {"sm_70", "sm_80", "sm_90a"}) {
        if (std::string(rung) == "sm_90a" && capability != "9.0") continue;
        setenv("SKEP_CUDA_PTX", rung, 1);
        rungs.push_back(Runtime::create().value());
        // The rung is chosen when the device is opened; the store keeps it open.
        opened.push_back(make_in(rungs.back(), "cuda:0", SKEP_METRIC_L2, SKEP_DTYPE_F32, 1));
        ASSERT_TRUE(opened.back().add(matrix_of(std::vector<float>{1.0F}, 1)));
        ASSERT_STREQ(rungs.back().find_device("cuda:0").value().isa, rung);
    }
    unsetenv("SKEP_CUDA_PTX");

    std::size_t num_queries = 0;
    for (const std::uint32_t dim : {1U, 2U, 31U, 128U, 129U, 768U, 4096U}) {
        for (const Maker maker : kMakers) {
            const Data data = maker(dim);
            for (const skep_metric metric : kMetrics) {
                const Subject cpu(make("cpu", metric, SKEP_DTYPE_F32, dim), data, dim);
                std::vector<Hits> truth;
                for (const Search& search : kSearches) {
                    const std::vector<float> queries(
                        data.queries.begin(),
                        data.queries.begin() + static_cast<std::ptrdiff_t>(search.batch * dim));
                    truth.push_back(cpu.search(queries, dim, search.k, search.is_filtered));
                }
                for (std::size_t rung = 0; rung < rungs.size(); ++rung) {
                    const Subject gpu(make_in(rungs[rung], "cuda:0", metric, SKEP_DTYPE_F32, dim),
                                      data, dim);
                    for (std::size_t i = 0; i < std::size(kSearches); ++i) {
                        const Search& search = kSearches[i];
                        const std::vector<float> queries(
                            data.queries.begin(),
                            data.queries.begin() + static_cast<std::ptrdiff_t>(search.batch * dim));
                        const Hits hits = gpu.search(queries, dim, search.k, search.is_filtered);
                        EXPECT_TRUE(hits.keys == truth[i].keys &&
                                    hits.distances == truth[i].distances)
                            << data.name << ", metric " << metric << ", dim " << dim << ", rung "
                            << rung << ", batch " << search.batch << ", k " << search.k
                            << (search.is_filtered ? ", filtered" : "");
                        num_queries += search.batch;
                    }
                }
            }
        }
    }
    std::printf("%zu queries compared\n", num_queries);
}

// The same bits whatever the batch, and again.
TEST_F(Exactness, DoesNotDependOnTheBatch) {
    constexpr std::uint32_t kDim = 64;
    constexpr std::size_t kMany = 10000;
    constexpr std::uint64_t kNeighbors = 10;
    Collection gpu = make("cuda:0", SKEP_METRIC_L2, SKEP_DTYPE_F32, kDim);
    ASSERT_TRUE(gpu.add(matrix_of(random_f32(std::size_t{50000} * kDim, 20), kDim)));
    const auto queries = random_f32(kMany * kDim, 21);
    const Hits all = gpu.search(matrix_of(queries, kDim), kNeighbors).value();
    for (const std::size_t batch : {1U, 7U, 512U, 10000U}) {
        std::vector<std::uint64_t> keys;
        std::vector<float> distances;
        const std::size_t num_queries = std::min(kMany, batch * 50);
        for (std::size_t first = 0; first < num_queries; first += batch) {
            const std::vector<float> some(
                queries.begin() + static_cast<std::ptrdiff_t>(first * kDim),
                queries.begin() +
                    static_cast<std::ptrdiff_t>(std::min(first + batch, kMany) * kDim));
            const Hits hits = gpu.search(matrix_of(some, kDim), kNeighbors).value();
            keys.insert(keys.end(), hits.keys.begin(), hits.keys.end());
            distances.insert(distances.end(), hits.distances.begin(), hits.distances.end());
        }
        EXPECT_TRUE(std::equal(keys.begin(), keys.end(), all.keys.begin())) << batch;
        EXPECT_TRUE(std::equal(distances.begin(), distances.end(), all.distances.begin())) << batch;
    }
}

}  // namespace
}  // namespace skep::testing
