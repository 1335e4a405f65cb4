// SPDX-License-Identifier: MIT
// Exact search with one thread: the CPU backend beside FAISS IndexFlatL2, same process, same rows.
//
//     flat_vs_faiss [--base FILE.u8bin] [--queries FILE.u8bin] [--benchmark_...]
//
// Without paths: $SKEP_BENCH_BASE and $SKEP_BENCH_QUERIES, else the sample in data/. Repetitions of
// all benchmarks are interleaved at random; the last lines give medians and ratios. Answers are
// compared before anything is timed.
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
#include <string>
#include <vector>

#include "support/single_thread_host.hpp"
#include "support/u8bin.hpp"

namespace skep::bench {
namespace {

constexpr std::uint64_t kNeighbours = 10;
constexpr std::uint64_t kLargestBatch = 1000;

struct Data {
    ByteVectors base;
    ByteVectors queries;
    std::vector<float> float_base;
    std::vector<float> float_queries;
};

skep_matrix float_matrix(const float* values, std::uint64_t num_rows, std::uint32_t dim) {
    return SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_F32, values, num_rows, dim);
}

skep_matrix byte_matrix(const std::uint8_t* values, std::uint64_t num_rows, std::uint32_t dim) {
    return SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_U8, values, num_rows, dim);
}

// One way to search: fills distances [batch, k] for queries first to first + batch - 1.
class Engine {
  public:
    virtual ~Engine() = default;
    virtual void search(std::uint64_t first, std::uint64_t batch, float* distances) = 0;
};

class FaissEngine : public Engine {
  public:
    explicit FaissEngine(const Data& data)
        : data_(data), index_(static_cast<std::int64_t>(data.base.dim)) {
        index_.add(static_cast<std::int64_t>(data.base.num_rows), data.float_base.data());
        labels_.resize(kLargestBatch * kNeighbours);
    }
    void search(std::uint64_t first, std::uint64_t batch, float* distances) override {
        index_.search(static_cast<std::int64_t>(batch),
                      data_.float_queries.data() + first * data_.base.dim,
                      static_cast<std::int64_t>(kNeighbours), distances, labels_.data());
    }

  private:
    const Data& data_;
    faiss::IndexFlatL2 index_;
    std::vector<std::int64_t> labels_;
};

class FloatEngine : public Engine {
  public:
    explicit FloatEngine(const Data& data)
        : data_(data),
          store_(SKEP_METRIC_L2,
                 float_matrix(data.float_base.data(), data.base.num_rows, data.base.dim)) {
        slots_.resize(kLargestBatch * kNeighbours);
    }
    void search(std::uint64_t first, std::uint64_t batch, float* distances) override {
        store_.search(float_matrix(data_.float_queries.data() + first * data_.base.dim, batch,
                                   data_.base.dim),
                      kNeighbours, slots_.data(), distances);
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
                 byte_matrix(data.base.values.data(), data.base.num_rows, data.base.dim)) {
        slots_.resize(kLargestBatch * kNeighbours);
    }
    void search(std::uint64_t first, std::uint64_t batch, float* distances) override {
        store_.search(byte_matrix(data_.queries.values.data() + first * data_.base.dim, batch,
                                  data_.base.dim),
                      kNeighbours, slots_.data(), distances);
    }

  private:
    const Data& data_;
    CpuStore store_;
    std::vector<std::uint32_t> slots_;
};

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
// too as long as they stay below 2^24.
void require_same_distances(Engine& a, Engine& b, std::uint64_t num_queries, const char* name) {
    std::vector<float> expected(num_queries * kNeighbours);
    std::vector<float> found(num_queries * kNeighbours);
    a.search(0, num_queries, expected.data());
    b.search(0, num_queries, found.data());
    if (found != expected) throw std::runtime_error(std::string(name) + ": distances differ");
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
    Data data;
    data.base = read_u8bin(base);
    data.queries = read_u8bin(queries, kLargestBatch);
    if (data.queries.dim != data.base.dim)
        throw std::runtime_error("base and queries differ in dim");
    data.float_base = data.base.as_floats();
    data.float_queries = data.queries.as_floats();
    const std::uint64_t num_queries = data.queries.num_rows;

    omp_set_num_threads(1);
    FaissEngine faiss_engine(data);
    FloatEngine float_engine(data);
    ByteEngine byte_engine(data);
    require_same_distances(faiss_engine, float_engine, num_queries, "skep f32");
    require_same_distances(faiss_engine, byte_engine, num_queries, "skep u8");
    std::printf("base %s (%u x %u), %s kernels, 1 thread\n", base.c_str(), data.base.num_rows,
                data.base.dim, float_engine.isa().c_str());

    struct Contender {
        std::string prefix;
        Engine* engine;
    };
    const Contender contenders[] = {{"search/faiss/l2/f32", &faiss_engine},
                                    {"search/cpu/l2/f32", &float_engine},
                                    {"search/cpu/l2/u8", &byte_engine}};
    std::vector<float> distances(num_queries * kNeighbours);
    std::vector<std::string> shapes;
    for (const std::uint64_t batch :
         {std::uint64_t{1}, std::uint64_t{10}, std::uint64_t{100}, num_queries}) {
        if (batch > num_queries || (batch == num_queries && num_queries <= 100)) continue;
        const std::string shape =
            "/dim:" + std::to_string(data.base.dim) + "/n:" + std::to_string(data.base.num_rows) +
            "/k:" + std::to_string(kNeighbours) + "/batch:" + std::to_string(batch);
        shapes.push_back(shape);
        for (const Contender& contender : contenders) {
            benchmark::RegisterBenchmark(
                (contender.prefix + shape).c_str(),
                [&, engine = contender.engine, batch](benchmark::State& state) {
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
        }
    }
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    MedianReporter reporter;
    benchmark::RunSpecifiedBenchmarks(&reporter);

    std::printf("\n%-44s %12s %12s %8s %12s %8s\n", "median queries per second", "faiss", "cpu f32",
                "ratio", "cpu u8", "ratio");
    for (const std::string& shape : shapes) {
        double qps[3] = {};
        for (std::size_t i = 0; i < 3; ++i) {
            for (const auto& [name, value] : reporter.medians) {
                if (name.rfind(contenders[i].prefix + shape + "/", 0) == 0) qps[i] = value;
            }
        }
        std::printf("%-44s %12.0f %12.0f %8.2f %12.0f %8.2f\n", shape.c_str(), qps[0], qps[1],
                    qps[1] / qps[0], qps[2], qps[2] / qps[0]);
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
