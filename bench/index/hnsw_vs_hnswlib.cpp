// SPDX-License-Identifier: MIT
// Graphs of the CPU backend and of hnswlib over the same rows, one thread each: time to build,
// memory, and queries per second over recall@10. Both take the same M and ef_construction; truth is
// the backend's exact search. hnswlib is given rows of floats, its only kind with SIMD.
//
//     hnsw_vs_hnswlib [BASE.u8bin QUERIES.u8bin [MAX_QUERIES [floats]]]
//
// Without arguments the sample in data/ is used. `floats` gives the backend rows and queries as
// floats, too. Prints one JSON object.
#include <skep/backend.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <hnswlib/hnswlib.h>

#include "support/single_thread_host.hpp"
#include "support/u8bin.hpp"

namespace skep::bench {
namespace {

constexpr std::uint32_t kK = 10;
constexpr std::uint32_t kM = 16;
constexpr std::uint32_t kEfConstruction = 200;
constexpr int kRepetitions = 9;
constexpr std::uint32_t kEfs[] = {10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100, 150, 200, 300, 400};

double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

struct Truth {
    std::vector<float> limits;  // distance of the k-th true neighbour of each query

    // A row counts that is no farther than the true k-th.
    [[nodiscard]] double recall(const std::vector<float>& distances) const {
        std::uint64_t hits = 0;
        for (std::size_t i = 0; i < distances.size(); ++i)
            hits += distances[i] <= limits[i / kK] ? 1U : 0U;
        return static_cast<double>(hits) / static_cast<double>(distances.size());
    }
};

// A point of a curve.
struct Point {
    std::uint32_t ef;
    double recall;
    std::vector<double> qps;

    [[nodiscard]] double median() const {
        std::vector<double> sorted = qps;
        std::nth_element(sorted.begin(),
                         sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2),
                         sorted.end());
        return sorted[sorted.size() / 2];
    }
};

struct Side {
    const char* name = "";
    double build_seconds = 0.0;
    double bytes_per_row = 0.0;
    std::vector<Point> curve;
    // Answers all queries, writing distances [num_queries, k].
    std::function<void(std::uint32_t ef, std::vector<float>& distances)> search;
};

void print(const Side& side) {
    std::printf("  \"%s\": {\"build_seconds\": %.2f, \"bytes_per_row\": %.1f, \"curve\": [",
                side.name, side.build_seconds, side.bytes_per_row);
    for (std::size_t i = 0; i < side.curve.size(); ++i) {
        const Point& point = side.curve[i];
        std::printf(
            "%s\n    {\"ef\": %u, \"recall\": %.4f, \"qps\": %.0f, \"min\": %.0f, \"max\": %.0f}",
            i == 0 ? "" : ",", point.ef, point.recall, point.median(),
            *std::min_element(point.qps.begin(), point.qps.end()),
            *std::max_element(point.qps.begin(), point.qps.end()));
    }
    std::printf("]}");
}

int run(const std::string& base_path, const std::string& query_path, std::uint32_t max_queries,
        bool are_floats) {
    const ByteVectors base = read_u8bin(base_path);
    const ByteVectors queries = read_u8bin(query_path, max_queries);
    const std::vector<float> float_rows = base.as_floats();
    const std::vector<float> float_queries = queries.as_floats();
    const auto matrix_of = [&](const ByteVectors& bytes, const std::vector<float>& floats) {
        skep_matrix matrix = SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_U8, bytes.values.data(),
                                              bytes.num_rows, bytes.dim);
        if (!are_floats) return matrix;
        matrix.dtype = SKEP_DTYPE_F32;
        matrix.data = floats.data();
        return matrix;
    };
    const skep_matrix rows = matrix_of(base, float_rows);
    const skep_matrix asked = matrix_of(queries, float_queries);
    const std::size_t num_answers = std::size_t{queries.num_rows} * kK;

    const CpuStore store(SKEP_METRIC_L2, rows);
    Truth truth;
    {
        std::vector<std::uint32_t> slots(num_answers);
        std::vector<float> distances(num_answers);
        store.search(asked, kK, slots.data(), distances.data());
        for (std::size_t i = kK - 1; i < num_answers; i += kK)
            truth.limits.push_back(distances[i]);
    }

    Side ours;
    ours.name = "skep";
    double start = now();
    const CpuGraph graph(store, kM, kEfConstruction);
    ours.build_seconds = now() - start;
    ours.bytes_per_row = store.bytes_per_row() + graph.bytes_per_row();
    std::vector<std::uint32_t> slots(num_answers);
    ours.search = [&](std::uint32_t ef, std::vector<float>& distances) {
        graph.search(asked, kK, ef, slots.data(), distances.data());
    };

    Side theirs;
    theirs.name = "hnswlib";
    hnswlib::L2Space space(base.dim);
    hnswlib::HierarchicalNSW<float> index(&space, base.num_rows, kM, kEfConstruction);
    start = now();
    for (std::uint32_t row = 0; row < base.num_rows; ++row)
        index.addPoint(float_rows.data() + std::size_t{row} * base.dim, row);
    theirs.build_seconds = now() - start;
    // Base layer with rows and labels; a pointer per row and the lists above are left out.
    theirs.bytes_per_row = static_cast<double>(index.size_data_per_element_);
    theirs.search = [&](std::uint32_t ef, std::vector<float>& distances) {
        index.setEf(ef);
        for (std::uint32_t query = 0; query < queries.num_rows; ++query) {
            auto found = index.searchKnn(float_queries.data() + std::size_t{query} * base.dim, kK);
            for (std::size_t rank = found.size(); rank-- > 0; found.pop())
                distances[std::size_t{query} * kK + rank] = found.top().first;
        }
    };

    Side* const sides[] = {&ours, &theirs};
    std::vector<float> distances(num_answers);
    for (Side* side : sides) {
        for (const std::uint32_t ef : kEfs) {
            side->search(ef, distances);
            side->curve.push_back({ef, truth.recall(distances), {}});
        }
    }
    for (int repetition = 0; repetition < kRepetitions; ++repetition) {
        for (std::size_t i = 0; i < std::size(kEfs); ++i) {
            for (Side* side : sides) {
                start = now();
                side->search(kEfs[i], distances);
                side->curve[i].qps.push_back(queries.num_rows / (now() - start));
            }
        }
    }
    std::printf(
        "{\"rows\": %u, \"dim\": %u, \"queries\": %u, \"m\": %u, \"ef_construction\": %u, "
        "\"isa\": \"%s\",\n",
        base.num_rows, base.dim, queries.num_rows, kM, kEfConstruction, store.isa().c_str());
    print(ours);
    std::printf(",\n");
    print(theirs);
    std::printf("}\n");
    return 0;
}

}  // namespace
}  // namespace skep::bench

int main(int argc, char** argv) {
    const std::string folder = SKEP_BENCH_DATA_DIR;
    const std::string base = argc > 2 ? argv[1] : folder + "/sift10k_base.u8bin";
    const std::string queries = argc > 2 ? argv[2] : folder + "/sift10k_query.u8bin";
    const auto max_queries =
        static_cast<std::uint32_t>(argc > 3 ? std::strtoul(argv[3], nullptr, 10) : 10000);
    const bool are_floats = argc > 4 && std::string(argv[4]) == "floats";
    return skep::bench::run(base, queries, max_queries, are_floats);
}
