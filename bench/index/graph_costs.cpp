// SPDX-License-Identifier: MIT
// What a walk and a scan of a graph's rows cost, one thread: the figures that
// plugins/cpu/graph/search_choice.hpp decides by.
//
//     graph_costs [BASE.u8bin QUERIES.u8bin]
//
// Without arguments the sample in data/ is used. Rows as bytes and as floats of unit length. A list
// as long as the collection is always answered by a scan of the rows that a bitmap allows; without
// a bitmap, short lists are walked. Prints microseconds per query, medians of nine interleaved
// repetitions, and what the choice takes from them.
#include <skep/backend.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "support/float_rows.hpp"
#include "support/single_thread_host.hpp"
#include "support/u8bin.hpp"

namespace skep::bench {
namespace {

constexpr std::uint64_t kK = 10;
constexpr std::uint64_t kNumQueries = 200;
constexpr int kRepetitions = 9;
constexpr std::uint32_t kWidths[] = {32, 64, 128, 256, 512, 1024};
constexpr double kShares[] = {1.0, 0.3, 0.1, 0.03, 0.01, 0.003};

double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

// Bits over all rows, a share of them set at random.
std::vector<std::uint64_t> random_bitmap(std::uint64_t num_rows, double share) {
    std::vector<std::uint64_t> words((num_rows + 63) / 64);
    std::mt19937_64 engine(7);
    std::bernoulli_distribution is_set(share);
    for (std::uint64_t row = 0; row < num_rows; ++row)
        words[row / 64] |= std::uint64_t{is_set(engine) ? 1U : 0U} << row % 64;
    return words;
}

struct Case {
    std::string name;
    std::uint32_t ef_search;
    std::vector<std::uint64_t> allowed;  // empty: all
    std::uint64_t num_allowed;
    std::vector<double> microseconds;

    [[nodiscard]] double median() {
        std::sort(microseconds.begin(), microseconds.end());
        return microseconds[microseconds.size() / 2];
    }
};

void measure(const char* title, skep_metric metric, const skep_matrix& rows,
             const skep_matrix& queries) {
    const CpuStore store(metric, rows);
    const CpuGraph graph(store, 16, 200);
    std::vector<Case> cases;
    for (const std::uint32_t width : kWidths)
        cases.push_back({"walk " + std::to_string(width), width, {}, rows.num_rows, {}});
    for (const double share : kShares) {
        Case scanned{"",
                     static_cast<std::uint32_t>(rows.num_rows),
                     random_bitmap(rows.num_rows, share),
                     0,
                     {}};
        for (const std::uint64_t word : scanned.allowed)
            scanned.num_allowed += static_cast<std::uint64_t>(__builtin_popcountll(word));
        scanned.name = "scan " + std::to_string(scanned.num_allowed);
        cases.push_back(std::move(scanned));
    }
    std::vector<std::uint32_t> slots(queries.num_rows * kK);
    std::vector<float> distances(slots.size());
    for (int repetition = 0; repetition < kRepetitions; ++repetition) {
        for (Case& one : cases) {
            const double start = now();
            graph.search(queries, kK, one.ef_search, slots.data(), distances.data(),
                         one.allowed.empty() ? nullptr : one.allowed.data());
            one.microseconds.push_back((now() - start) * 1e6 /
                                       static_cast<double>(queries.num_rows));
        }
    }
    std::printf("%s, %llu x %u\n", title, static_cast<unsigned long long>(rows.num_rows), rows.dim);
    for (Case& one : cases) {
        const bool is_walk = one.allowed.empty();
        const double us = one.median();
        std::printf("  %-12s %9.1f us  %7.1f ns per %s\n", one.name.c_str(), us,
                    us * 1e3 /
                        (is_walk ? static_cast<double>(one.ef_search)
                                 : static_cast<double>(one.num_allowed)),
                    is_walk ? "entry of the pool" : "row");
    }
}

int run(const std::string& base_path, const std::string& query_path) {
    const ByteVectors base = read_u8bin(base_path);
    const ByteVectors queries = read_u8bin(query_path, kNumQueries);
    measure(
        "bytes, l2", SKEP_METRIC_L2,
        SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_U8, base.values.data(), base.num_rows, base.dim),
        SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_U8, queries.values.data(), queries.num_rows,
                         queries.dim));
    std::vector<float> rows = base.as_floats();
    std::vector<float> asked = queries.as_floats();
    scale_to_unit_length(rows, base.dim);
    scale_to_unit_length(asked, queries.dim);
    measure(
        "floats of unit length, cosine", SKEP_METRIC_COSINE,
        SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_F32, rows.data(), base.num_rows, base.dim),
        SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_F32, asked.data(), queries.num_rows, queries.dim));
    return 0;
}

}  // namespace
}  // namespace skep::bench

int main(int argc, char** argv) {
    const std::string folder = SKEP_BENCH_DATA_DIR;
    const std::string base = argc > 2 ? argv[1] : folder + "/sift10k_base.u8bin";
    const std::string queries = argc > 2 ? argv[2] : folder + "/sift10k_query.u8bin";
    return skep::bench::run(base, queries);
}
