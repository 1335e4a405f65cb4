// SPDX-License-Identifier: MIT
// Graph search, host memory to host memory: how long the graph takes to build, and for every length
// of the candidate list the recall and the queries answered per second.
//   graph_search_bench --base FILE.u8bin --queries FILE.u8bin [--device cuda] [--ef 16,24,...]
//                      [--batches 1,100,10000] [--copies N] [--bytes] [--save FILE] [--json FILE]
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <optional>
#include <skep/skep.hpp>
#include <string>
#include <vector>

#include "support/float_rows.hpp"
#include "support/generators.hpp"
#include "support/u8bin.hpp"

namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point begin) {
    return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

struct Settings {
    std::string base;
    std::string queries;
    std::string device = "cuda";
    std::vector<std::uint32_t> efs = {10, 16, 24, 32, 48, 64, 96, 128};
    std::vector<std::uint64_t> batches = {1, 100, 10000};
    std::uint64_t k = 10;
    std::uint64_t copies = 1;
    std::uint64_t repetitions = 3;
    std::uint32_t m = 16;
    std::uint32_t ef_construction = 200;
    bool bytes = false;
    std::string save;
    std::string open;
    std::string json;
};

// Rows or queries as they are handed over.
struct Vectors {
    skep_dtype dtype = SKEP_DTYPE_F32;
    std::uint32_t dim = 0;
    std::uint64_t count = 0;
    std::vector<float> floats;
    std::vector<std::uint8_t> bytes;

    [[nodiscard]] skep_matrix matrix(std::uint64_t first, std::uint64_t num_rows) const {
        const void* data = dtype == SKEP_DTYPE_U8
                               ? static_cast<const void*>(bytes.data() + first * dim)
                               : static_cast<const void*>(floats.data() + first * dim);
        return SKEP_HOST_MATRIX(skep_matrix, dtype, data, num_rows, dim);
    }
};

Vectors load(const std::string& path, std::uint64_t copies, bool as_bytes) {
    const skep::bench::ByteVectors read = skep::bench::read_u8bin(path);
    Vectors vectors;
    vectors.dim = read.dim;
    vectors.count = read.num_rows * copies;
    vectors.floats = read.as_floats();
    if (copies > 1) vectors.floats = skep::bench::jittered(vectors.floats, copies);
    if (as_bytes) {
        vectors.dtype = SKEP_DTYPE_U8;
        vectors.bytes.assign(vectors.floats.begin(), vectors.floats.end());
        vectors.floats = {};
    }
    return vectors;
}

skep::Collection build(const skep::Runtime& runtime, const Settings& settings,
                       skep_index_kind index, const Vectors& rows) {
    skep::CollectionOptions options;
    options.device = settings.device.c_str();
    options.dim = rows.dim;
    options.dtype = rows.dtype;
    options.metric = SKEP_METRIC_L2;
    options.index = index;
    options.m = settings.m;
    options.ef_construction = settings.ef_construction;
    skep::Collection collection = skep::Collection::create(runtime, options).value();
    collection.add(rows.matrix(0, rows.count)).value();
    return collection;
}

// One search into arrays that are there already.
class Search {
  public:
    Search(const skep::Collection& collection, std::uint64_t most_queries, std::uint64_t k,
           std::uint32_t ef_search)
        : collection_(collection), keys_(most_queries * k), distances_(most_queries * k) {
        options_.k = k;
        options_.ef_search = ef_search;
        output_.keys = keys_.data();
        output_.distances = distances_.data();
    }
    void run(const skep_matrix& queries) {
        skep_error error = SKEP_ERROR_INIT;
        if (skep_collection_search(collection_.get(), &queries, &options_, &output_, nullptr,
                                   &error) != SKEP_OK) {
            throw std::runtime_error(error.message);
        }
    }
    [[nodiscard]] const std::vector<float>& distances() const { return distances_; }

  private:
    const skep::Collection& collection_;
    std::vector<std::uint64_t> keys_;
    std::vector<float> distances_;
    skep_search_options options_ = SKEP_SEARCH_OPTIONS_INIT;
    skep_search_output output_ = SKEP_SEARCH_OUTPUT_INIT;
};

double median_us(std::vector<double>& times) {
    std::sort(times.begin(), times.end());
    return times[times.size() / 2];
}

int run(const Settings& settings) {
    const skep::Runtime runtime = skep::Runtime::create().value();
    const skep::DeviceInfo device = runtime.find_device(settings.device).value();
    const Vectors rows = load(settings.base, settings.copies, settings.bytes);
    const Vectors queries = load(settings.queries, 1, settings.bytes);
    std::printf("%s %s, l2 %ux%llu, k %llu, m %u, ef_construction %u\n", device.name, device.isa,
                rows.dim, static_cast<unsigned long long>(rows.count),
                static_cast<unsigned long long>(settings.k), settings.m, settings.ef_construction);

    // What is true, by an exact search.
    std::vector<float> truth;
    {
        const skep::Collection exact = build(runtime, settings, SKEP_INDEX_FLAT, rows);
        truth = exact.search(queries.matrix(0, queries.count), settings.k).value().distances;
    }
    std::vector<double> build_ms;
    std::optional<skep::Collection> made;
    if (!settings.open.empty()) {
        made.emplace(skep::Collection::open(runtime, settings.open, settings.device).value());
    } else {
        // The first one has everything compiled and pinned.
        for (std::uint64_t repetition = 0; repetition < settings.repetitions; ++repetition) {
            made.reset();
            const auto begin = Clock::now();
            made.emplace(build(runtime, settings, SKEP_INDEX_HNSW, rows));
            build_ms.push_back(milliseconds_since(begin));
            std::printf("build: %.0f ms\n", build_ms.back());
        }
    }
    const skep::Collection& collection = *made;
    if (!settings.save.empty()) collection.save(settings.save).value();
    const skep_collection_stats stats = collection.stats().value();
    std::printf(
        "%.1f links and %.0f bytes per row, %llu levels\n",
        static_cast<double>(stats.num_links) / static_cast<double>(rows.count),
        static_cast<double>(stats.row_bytes + stats.graph_bytes) / static_cast<double>(rows.count),
        static_cast<unsigned long long>(stats.num_levels));

    std::printf("%6s %8s", "ef", "recall");
    for (const std::uint64_t batch : settings.batches)
        std::printf("  %9s %-6llu", "q/s of", static_cast<unsigned long long>(batch));
    std::printf("\n");
    std::string runs;
    for (const std::uint32_t ef : settings.efs) {
        Search search(collection, queries.count, settings.k, ef);
        search.run(queries.matrix(0, queries.count));
        const std::vector<float>& found = search.distances();
        std::uint64_t hits = 0;
        for (std::size_t i = 0; i < found.size(); ++i) {
            const float limit = truth[i / settings.k * settings.k + settings.k - 1];
            hits += found[i] <= limit ? 1U : 0U;
        }
        const double recall = static_cast<double>(hits) / static_cast<double>(truth.size());
        std::printf("%6u %8.4f", ef, recall);
        for (const std::uint64_t batch : settings.batches) {
            if (batch > queries.count) throw std::runtime_error("fewer queries than a batch");
            std::vector<double> times;
            const auto begin = Clock::now();
            while (times.size() < 5 || milliseconds_since(begin) < 150) {
                const std::uint64_t first = times.size() * batch % (queries.count - batch + 1);
                const auto one = Clock::now();
                search.run(queries.matrix(first, batch));
                times.push_back(milliseconds_since(one) * 1e3);
            }
            const double p50 = median_us(times);
            const double qps = static_cast<double>(batch) / p50 * 1e6;
            std::printf("  %9.0f %6.0fus", qps, p50);
            char line[256];
            std::snprintf(line, sizeof line,
                          "%s{\"ef\": %u, \"recall\": %.5f, \"batch\": %llu, \"p50_us\": %.1f, "
                          "\"qps\": %.0f}",
                          runs.empty() ? "" : ", ", ef, recall,
                          static_cast<unsigned long long>(batch), p50, qps);
            runs += line;
        }
        std::printf("\n");
        std::fflush(stdout);
    }
    if (!settings.json.empty()) {
        const double built = build_ms.empty() ? 0.0 : build_ms.back();
        std::ofstream(settings.json)
            << "{\"device\": \"" << device.name << "\", \"driver\": \"" << device.driver_version
            << "\", \"rows\": " << rows.count << ", \"dtype\": " << rows.dtype
            << ", \"m\": " << settings.m << ", \"ef_construction\": " << settings.ef_construction
            << ", \"build_ms\": " << built << ", \"runs\": [" << runs << "]}\n";
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    Settings settings;
    CLI::App app("Graph search, host memory to host memory");
    app.add_option("--base", settings.base)->required();
    app.add_option("--queries", settings.queries)->required();
    app.add_option("--device", settings.device);
    app.add_option("--ef", settings.efs)->delimiter(',');
    app.add_option("--batches", settings.batches)->delimiter(',');
    app.add_option("--k", settings.k);
    app.add_option("--copies", settings.copies, "so many copies of the rows, jittered");
    app.add_option("--repetitions", settings.repetitions, "builds, the last of which counts");
    app.add_option("--m", settings.m);
    app.add_option("--ef-construction", settings.ef_construction);
    app.add_flag("--bytes", settings.bytes, "u8 rows and queries instead of f32");
    app.add_option("--save", settings.save, "a .skep file to write");
    app.add_option("--open", settings.open, "a .skep file of these rows, instead of building");
    app.add_option("--json", settings.json, "file to write figures to");
    CLI11_PARSE(app, argc, argv);
    try {
        return run(settings);
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "graph_search_bench: %s\n", failure.what());
        return 1;
    }
}
