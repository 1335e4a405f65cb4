// SPDX-License-Identifier: MIT
// Exact search with one thread on the CPU, the same rows as every element type.
//
//     flat_types [--benchmark_...]
//
// Rows and queries: $SKEP_BENCH_BASE and $SKEP_BENCH_QUERIES (.u8bin), else the sample in data/.
// Cases: the bytes as they are (l2; times 127 / 255 for i8), and their rows scaled to unit length
// and rounded (cosine; times 127 for i8, times 255 for u8). Queries are of the rows' type. The
// first answers are compared with the definition before anything is timed.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "skep/common/distance.hpp"
#include "skep/common/element_type.hpp"
#include "support/float_rows.hpp"
#include "support/single_thread_host.hpp"
#include "support/u8bin.hpp"

namespace skep::bench {
namespace {

constexpr std::uint64_t kNeighbours = 10;
constexpr std::uint64_t kLargestBatch = 1000;
constexpr std::uint64_t kNumChecked = 5;
constexpr const char* kNames[] = {"f32", "f16", "bf16", "i8", "u8"};

// Rows of any element type.
class Rows {
  public:
    // Every value times `factor`, rounded to the nearest of the type.
    Rows(const std::vector<float>& values, std::uint32_t dim, skep_dtype dtype, float factor)
        : dtype_(dtype), dim_(dim), bytes_(values.size() * element_bytes(dtype)) {
        for (std::size_t i = 0; i < values.size(); ++i) {
            const float value = values[i] * factor;
            std::byte* target = bytes_.data() + i * element_bytes(dtype);
            if (dtype == SKEP_DTYPE_F32) {
                std::memcpy(target, &value, sizeof value);
            } else if (is_byte_type(dtype)) {
                *target = static_cast<std::byte>(static_cast<std::int32_t>(value + 0.5F));
            } else {
                const auto exact = static_cast<double>(value);
                const std::uint16_t bits =
                    dtype == SKEP_DTYPE_F16 ? nearest_f16(exact) : nearest_bf16(exact);
                std::memcpy(target, &bits, sizeof bits);
            }
        }
    }

    [[nodiscard]] skep_matrix view(std::uint64_t first, std::uint64_t count) const {
        const std::byte* data = bytes_.data() + first * dim_ * element_bytes(dtype_);
        return SKEP_HOST_MATRIX(skep_matrix, dtype_, data, count, dim_);
    }
    [[nodiscard]] std::uint64_t num_rows() const {
        return bytes_.size() / (dim_ * element_bytes(dtype_));
    }
    [[nodiscard]] std::vector<double> row(std::uint64_t number) const {
        std::vector<double> values(dim_);
        const auto* source = static_cast<const std::byte*>(view(number, 1).data);
        for (std::size_t i = 0; i < dim_; ++i)
            values[i] = element(source + i * element_bytes(dtype_));
        return values;
    }

  private:
    [[nodiscard]] double element(const std::byte* source) const {
        if (dtype_ == SKEP_DTYPE_U8) return std::to_integer<std::uint8_t>(*source);
        if (dtype_ == SKEP_DTYPE_I8) return static_cast<std::int8_t>(*source);
        if (dtype_ == SKEP_DTYPE_F32) {
            float value = 0.0F;
            std::memcpy(&value, source, sizeof value);
            return static_cast<double>(value);
        }
        std::uint16_t bits = 0;
        std::memcpy(&bits, source, sizeof bits);
        return static_cast<double>(dtype_ == SKEP_DTYPE_F16 ? f16_to_f32(bits) : bf16_to_f32(bits));
    }

    skep_dtype dtype_;
    std::uint32_t dim_;
    std::vector<std::byte> bytes_;
};

// Rows in a store and queries of the same type.
struct Case {
    Case(skep_metric of_metric, skep_dtype dtype, const std::vector<float>& base,
         const std::vector<float>& asked, std::uint32_t dim, float factor)
        : metric(of_metric),
          rows(base, dim, dtype, factor),
          queries(asked, dim, dtype, factor),
          store(of_metric, rows.view(0, rows.num_rows())) {}

    // The distances of the first answers are those of a sorted double scan.
    void check(const std::string& name) const {
        std::vector<std::uint32_t> slots(kNumChecked * kNeighbours);
        std::vector<float> distances(slots.size());
        store.search(queries.view(0, kNumChecked), kNeighbours, slots.data(), distances.data());
        for (std::uint64_t query = 0; query < kNumChecked; ++query) {
            const std::vector<double> asked = queries.row(query);
            std::vector<std::pair<double, std::uint32_t>> all;
            for (std::uint32_t slot = 0; slot < rows.num_rows(); ++slot) {
                const std::vector<double> row = rows.row(slot);
                all.emplace_back(distance(metric, asked.data(), row.data(), row.size()), slot);
            }
            std::partial_sort(all.begin(), all.begin() + kNeighbours, all.end());
            for (std::uint64_t rank = 0; rank < kNeighbours; ++rank) {
                const std::uint64_t answer = query * kNeighbours + rank;
                if (slots[answer] != all[rank].second ||
                    distances[answer] != static_cast<float>(all[rank].first)) {
                    throw std::runtime_error(name + ": differs from the definition");
                }
            }
        }
    }

    skep_metric metric;
    Rows rows;
    Rows queries;
    CpuStore store;
};

void add_benchmarks(const std::string& name, const Case& of) {
    const std::uint64_t num_queries = of.queries.num_rows();
    for (const std::uint64_t batch : {std::uint64_t{1}, std::uint64_t{100}, num_queries}) {
        if (batch > num_queries) continue;
        benchmark::RegisterBenchmark(
            (name + "/batch:" + std::to_string(batch)).c_str(),
            [&of, batch, num_queries](benchmark::State& state) {
                std::vector<std::uint32_t> slots(batch * kNeighbours);
                std::vector<float> distances(batch * kNeighbours);
                std::uint64_t first = 0;
                for (auto _ : state) {
                    of.store.search(of.queries.view(first, batch), kNeighbours, slots.data(),
                                    distances.data());
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

std::string path_from(const char* variable, const char* sample) {
    const char* path = std::getenv(variable);
    return path != nullptr ? path : std::string(SKEP_BENCH_DATA_DIR) + "/" + sample;
}

int run(int argc, char** argv) {
    const ByteVectors base = read_u8bin(path_from("SKEP_BENCH_BASE", "sift10k_base.u8bin"));
    const ByteVectors asked =
        read_u8bin(path_from("SKEP_BENCH_QUERIES", "sift10k_query.u8bin"), kLargestBatch);
    if (asked.dim != base.dim) throw std::runtime_error("base and queries differ in dim");
    const std::vector<float> whole_base = base.as_floats();
    const std::vector<float> whole_asked = asked.as_floats();
    std::vector<float> unit_base = whole_base;
    std::vector<float> unit_asked = whole_asked;
    scale_to_unit_length(unit_base, base.dim);
    scale_to_unit_length(unit_asked, base.dim);

    std::vector<std::unique_ptr<Case>> cases;
    const auto add = [&](const char* what, skep_metric metric, skep_dtype dtype,
                         const std::vector<float>& rows, const std::vector<float>& queries,
                         float factor) {
        const std::string name = std::string("search/cpu/") + what + "/" + kNames[dtype] +
                                 "/dim:" + std::to_string(base.dim) +
                                 "/n:" + std::to_string(base.num_rows) + "/k:10";
        cases.push_back(std::make_unique<Case>(metric, dtype, rows, queries, base.dim, factor));
        cases.back()->check(name);
        add_benchmarks(name, *cases.back());
    };
    for (skep_dtype dtype = SKEP_DTYPE_F32; dtype <= SKEP_DTYPE_U8; ++dtype) {
        const bool is_i8 = dtype == SKEP_DTYPE_I8;
        add("l2", SKEP_METRIC_L2, dtype, whole_base, whole_asked, is_i8 ? 127.0F / 255.0F : 1.0F);
        const float unit_factor = is_i8 ? 127.0F : dtype == SKEP_DTYPE_U8 ? 255.0F : 1.0F;
        add("cosine-unit", SKEP_METRIC_COSINE, dtype, unit_base, unit_asked, unit_factor);
    }
    std::printf("%u x %u rows, %s kernels, 1 thread\n", base.num_rows, base.dim,
                cases.front()->store.isa().c_str());
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}

}  // namespace
}  // namespace skep::bench

int main(int argc, char** argv) {
    std::vector<char*> arguments(argv, argv + argc);
    std::string interleave = "--benchmark_enable_random_interleaving=true";
    arguments.insert(arguments.begin() + 1, interleave.data());
    try {
        return skep::bench::run(static_cast<int>(arguments.size()), arguments.data());
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "flat_types: %s\n", failure.what());
        return 1;
    }
}
