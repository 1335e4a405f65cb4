// SPDX-License-Identifier: MIT
// Exact search with one thread: the CPU backend beside FAISS flat, same process, same rows.
//
//     flat_vs_faiss [--base FILE.u8bin] [--queries FILE.u8bin] [--benchmark_...]
//
// Without paths: $SKEP_BENCH_BASE and $SKEP_BENCH_QUERIES, else the sample in data/. Cases: the
// rows as floats that are integers and as bytes (l2), the rows scaled to unit length (cosine; FAISS
// takes the inner product), and as many normally distributed rows of 768 dimensions (l2).
// Repetitions of all benchmarks are interleaved at random; the last lines give medians and ratios.
// Answers are compared before anything is timed.
#include <benchmark/benchmark.h>
#include <faiss/IndexFlat.h>
#include <omp.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "support/float_rows.hpp"
#include "support/single_thread_host.hpp"
#include "support/u8bin.hpp"

namespace skep::bench {
namespace {

constexpr std::uint64_t kNeighbours = 10;
constexpr std::uint64_t kLargestBatch = 1000;

constexpr std::uint32_t kNormalDim = 768;

// Rows and queries of one case, as floats and perhaps as bytes.
struct Data {
    std::uint64_t num_rows;
    std::uint64_t num_queries;
    std::uint32_t dim;
    std::vector<float> base;
    std::vector<float> queries;
    const ByteVectors* byte_base = nullptr;
    const ByteVectors* byte_queries = nullptr;
};

// One way to search: fills distances [batch, k] for queries first to first + batch - 1.
class Engine {
  public:
    virtual ~Engine() = default;
    virtual void search(std::uint64_t first, std::uint64_t batch, float* distances) = 0;
};

class FaissEngine : public Engine {
  public:
    FaissEngine(const Data& data, faiss::MetricType metric)
        : data_(data), index_(static_cast<std::int64_t>(data.dim), metric) {
        index_.add(static_cast<std::int64_t>(data.num_rows), data.base.data());
        labels_.resize(kLargestBatch * kNeighbours);
    }
    void search(std::uint64_t first, std::uint64_t batch, float* distances) override {
        index_.search(static_cast<std::int64_t>(batch), data_.queries.data() + first * data_.dim,
                      static_cast<std::int64_t>(kNeighbours), distances, labels_.data());
    }

  private:
    const Data& data_;
    faiss::IndexFlat index_;
    std::vector<std::int64_t> labels_;
};

class FloatEngine : public Engine {
  public:
    FloatEngine(const Data& data, skep_metric metric)
        : data_(data),
          store_(metric, SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_F32, data.base.data(),
                                          data.num_rows, data.dim)) {
        slots_.resize(kLargestBatch * kNeighbours);
    }
    void search(std::uint64_t first, std::uint64_t batch, float* distances) override {
        const skep_matrix queries =
            SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_F32, data_.queries.data() + first * data_.dim,
                             batch, data_.dim);
        store_.search(queries, kNeighbours, slots_.data(), distances);
    }
    [[nodiscard]] std::string isa() const { return store_.isa(); }

  private:
    const Data& data_;
    CpuStore store_;
    std::vector<std::uint32_t> slots_;
};

class ByteEngine : public Engine {
  public:
    explicit ByteEngine(const Data& data)
        : data_(data),
          store_(SKEP_METRIC_L2,
                 SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_U8, data.byte_base->values.data(),
                                  data.num_rows, data.dim)) {
        slots_.resize(kLargestBatch * kNeighbours);
    }
    void search(std::uint64_t first, std::uint64_t batch, float* distances) override {
        const skep_matrix queries = SKEP_HOST_MATRIX(
            skep_matrix, SKEP_DTYPE_U8, data_.byte_queries->values.data() + first * data_.dim,
            batch, data_.dim);
        store_.search(queries, kNeighbours, slots_.data(), distances);
    }

  private:
    const Data& data_;
    CpuStore store_;
    std::vector<std::uint32_t> slots_;
};

Data integers_of(const ByteVectors& base, const ByteVectors& queries) {
    return {base.num_rows, queries.num_rows, base.dim, base.as_floats(), queries.as_floats(),
            &base,         &queries};
}

Data unit_rows_of(const Data& data) {
    Data unit = data;
    unit.byte_base = unit.byte_queries = nullptr;
    scale_to_unit_length(unit.base, unit.dim);
    scale_to_unit_length(unit.queries, unit.dim);
    return unit;
}

Data normal_rows(std::uint64_t num_rows, std::uint64_t num_queries) {
    std::mt19937_64 engine(1);
    Data data{num_rows, num_queries, kNormalDim, {}, {}};
    data.base = normal_f32(num_rows * kNormalDim, engine);
    data.queries = normal_f32(num_queries * kNormalDim, engine);
    return data;
}

// Prints as usual and keeps the medians.
class MedianReporter : public benchmark::ConsoleReporter {
  public:
    void ReportRuns(const std::vector<Run>& runs) override {
        for (const Run& run : runs) {
            if (run.aggregate_name == "median")
                medians[run.run_name.str()] = run.counters.at("qps").value;
        }
        ConsoleReporter::ReportRuns(runs);
    }

    std::map<std::string, double> medians;
};

// Squared distances of bytes are integers; FAISS computes them in float from norms, which is exact
// too as long as they stay below 2^24: no tolerance. Elsewhere FAISS errs in the last bits of its
// sums: 1e-5 of the norms that they are made of.
void require_same_distances(Engine& faiss, Engine& cpu, const Data& data, bool is_cosine,
                            float tolerance, const std::string& name) {
    std::vector<float> expected(data.num_queries * kNeighbours);
    std::vector<float> found(data.num_queries * kNeighbours);
    faiss.search(0, data.num_queries, expected.data());
    cpu.search(0, data.num_queries, found.data());
    for (std::size_t i = 0; i < expected.size(); ++i) {
        const float distance = is_cosine ? 1.0F - expected[i] : expected[i];
        if (!(std::abs(distance - found[i]) <= tolerance))
            throw std::runtime_error(name + ": distances differ");
    }
}

std::string option(int& argc, char** argv, const std::string& name, const char* variable,
                   const std::string& fallback) {
    for (int i = 1; i + 1 < argc; ++i) {
        if (argv[i] != "--" + name) continue;
        const std::string value = argv[i + 1];
        std::rotate(argv + i, argv + i + 2, argv + argc);
        argc -= 2;
        return value;
    }
    const char* value = std::getenv(variable);
    return value == nullptr ? fallback : value;
}

int run(int argc, char** argv) {
    const std::string samples = SKEP_BENCH_DATA_DIR;
    const std::string base =
        option(argc, argv, "base", "SKEP_BENCH_BASE", samples + "/sift10k_base.u8bin");
    const std::string queries =
        option(argc, argv, "queries", "SKEP_BENCH_QUERIES", samples + "/sift10k_query.u8bin");
    const ByteVectors byte_base = read_u8bin(base);
    const ByteVectors byte_queries = read_u8bin(queries, kLargestBatch);
    if (byte_queries.dim != byte_base.dim)
        throw std::runtime_error("base and queries differ in dim");
    const Data integers = integers_of(byte_base, byte_queries);
    const Data unit = unit_rows_of(integers);
    const Data normal = normal_rows(byte_base.num_rows, byte_queries.num_rows);
    const std::uint64_t num_queries = byte_queries.num_rows;

    omp_set_num_threads(1);
    FaissEngine integers_faiss(integers, faiss::METRIC_L2);
    FloatEngine integers_cpu(integers, SKEP_METRIC_L2);
    ByteEngine bytes_cpu(integers);
    FaissEngine unit_faiss(unit, faiss::METRIC_INNER_PRODUCT);
    FloatEngine unit_cpu(unit, SKEP_METRIC_COSINE);
    FaissEngine normal_faiss(normal, faiss::METRIC_L2);
    FloatEngine normal_cpu(normal, SKEP_METRIC_L2);
    require_same_distances(integers_faiss, integers_cpu, integers, false, 0.0F, "integers");
    require_same_distances(integers_faiss, bytes_cpu, integers, false, 0.0F, "bytes");
    require_same_distances(unit_faiss, unit_cpu, unit, true, 2e-5F, "unit rows");
    require_same_distances(normal_faiss, normal_cpu, normal, false, 2e-5F * kNormalDim, "normal");
    std::printf("base %s (%u x %u), %s kernels, 1 thread\n", base.c_str(), byte_base.num_rows,
                byte_base.dim, integers_cpu.isa().c_str());

    struct Contest {
        std::string name;
        std::uint32_t dim;
        Engine* faiss;
        Engine* cpu;
    };
    const Contest contests[] = {
        {"l2/f32-integers", integers.dim, &integers_faiss, &integers_cpu},
        {"l2/u8", integers.dim, &integers_faiss, &bytes_cpu},
        {"cosine/f32-unit", unit.dim, &unit_faiss, &unit_cpu},
        {"l2/f32-normal", normal.dim, &normal_faiss, &normal_cpu},
    };
    std::vector<float> distances(num_queries * kNeighbours);
    const auto add_benchmark = [&](const std::string& name, Engine* engine, std::uint64_t batch) {
        benchmark::RegisterBenchmark(
            name.c_str(),
            [&, engine, batch](benchmark::State& state) {
                std::uint64_t first = 0;
                for (auto _ : state) {
                    engine->search(first, batch, distances.data());
                    first = first + 2 * batch <= num_queries ? first + batch : 0;
                }
                state.counters["qps"] = benchmark::Counter(
                    static_cast<double>(batch) * static_cast<double>(state.iterations()),
                    benchmark::Counter::kIsRate);
            })
            ->Unit(benchmark::kMicrosecond)
            ->Repetitions(9)
            ->MinTime(0.1)
            ->ReportAggregatesOnly();
    };
    std::vector<std::string> shapes;
    for (const Contest& contest : contests) {
        for (const std::uint64_t batch :
             {std::uint64_t{1}, std::uint64_t{10}, std::uint64_t{100}, num_queries}) {
            if (batch > num_queries || (batch == num_queries && num_queries <= 100)) continue;
            const std::string shape = "/" + contest.name + "/dim:" + std::to_string(contest.dim) +
                                      "/n:" + std::to_string(byte_base.num_rows) +
                                      "/k:" + std::to_string(kNeighbours) +
                                      "/batch:" + std::to_string(batch);
            shapes.push_back(shape);
            add_benchmark("search/faiss" + shape, contest.faiss, batch);
            add_benchmark("search/cpu" + shape, contest.cpu, batch);
        }
    }
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    MedianReporter reporter;
    benchmark::RunSpecifiedBenchmarks(&reporter);

    std::printf("\n%-60s %12s %12s %8s\n", "median queries per second", "faiss", "cpu", "ratio");
    for (const std::string& shape : shapes) {
        const auto median = [&](const std::string& prefix) {
            for (const auto& [name, value] : reporter.medians) {
                if (name.rfind(prefix + shape + "/", 0) == 0) return value;
            }
            return 0.0;  // filtered out
        };
        const double faiss = median("search/faiss");
        const double cpu = median("search/cpu");
        if (faiss == 0.0 || cpu == 0.0) continue;
        std::printf("%-60s %12.0f %12.0f %8.2f\n", shape.c_str(), faiss, cpu, cpu / faiss);
    }
    return 0;
}

}  // namespace
}  // namespace skep::bench

int main(int argc, char** argv) {
    // OpenBLAS reads its thread count before main.
    if (std::getenv("OPENBLAS_NUM_THREADS") == nullptr) {
        setenv("OPENBLAS_NUM_THREADS", "1", 1);
        setenv("OMP_NUM_THREADS", "1", 1);
        execv("/proc/self/exe", argv);
    }
    std::vector<char*> arguments(argv, argv + argc);
    std::string interleave = "--benchmark_enable_random_interleaving=true";
    arguments.insert(arguments.begin() + 1, interleave.data());
    try {
        return skep::bench::run(static_cast<int>(arguments.size()), arguments.data());
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "flat_vs_faiss: %s\n", failure.what());
        return 1;
    }
}
