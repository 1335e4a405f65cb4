// SPDX-License-Identifier: MIT
// Exact search on a GPU, host memory to host memory: adds, batches of every size, first answer.
//   flat_search_bench [--rows N] [--dim D] [--k K] [--base FILE.u8bin] [--queries FILE.u8bin]
//                     [--batches 1,10,...] [--metric l2|inner_product|cosine] [--bytes] [--normal]
//                     [--unit-length]
//                     [--copies N] [--first-answer] [--json FILE]
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>
#include <random>
#include <skep/common/distance.hpp>
#include <skep/skep.hpp>
#include <string>
#include <vector>

#include "support/float_rows.hpp"
#include "support/generators.hpp"

namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point begin) {
    return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

struct Settings {
    std::uint64_t rows = 1'000'000;
    std::uint32_t dim = 128;
    std::uint64_t k = 10;
    std::string base;
    std::string queries;  // empty: near the rows
    std::vector<std::uint64_t> batches = {1, 10, 100, 1000, 10000};
    std::string metric = "l2";
    bool bytes = false;
    bool normal = false;
    bool unit_length = false;
    std::uint64_t copies = 1;
    bool first_answer = false;
    std::string json;
};

skep_metric metric_of(const Settings& settings) {
    skep_metric metric = SKEP_METRIC_L2;
    if (skep_metric_from_name(settings.metric.c_str(), &metric, nullptr) != SKEP_OK) {
        throw std::runtime_error("unknown metric " + settings.metric);
    }
    return metric;
}

// What the driver itself takes, in milliseconds: as the backend logs it, so of this very process.
struct DriverStart {
    double init = 0;
    double context = 0;
};

extern "C" void note_driver_start(void* user_data, std::int32_t, const char*, std::uint64_t,
                                  const char* message) {
    auto& start = *static_cast<DriverStart*>(user_data);
    if (const char* found = std::strstr(message, "initialised in ")) {
        start.init = std::atof(found + std::strlen("initialised in "));
    }
    if (const char* found = std::strstr(message, "open: context ")) {
        start.context = std::atof(found + std::strlen("open: context "));
    }
}

int first_answer(const Settings& settings) {
    const auto rows = skep::testing::random_f32(std::size_t{1000} * settings.dim, 1);
    const auto query = skep::testing::random_f32(settings.dim, 2);
    DriverStart driver;
    skep_runtime_options options = SKEP_RUNTIME_OPTIONS_INIT;
    options.log = note_driver_start;
    options.log_level = SKEP_LOG_INFO;
    options.user_data = &driver;

    const auto begin = Clock::now();
    const skep::Runtime runtime = skep::Runtime::create(&options).value();
    const double runtime_ms = milliseconds_since(begin);
    skep::CollectionOptions shape;
    shape.device = "cuda:0";
    shape.dim = settings.dim;
    shape.metric = metric_of(settings);
    skep::Collection collection = skep::Collection::create(runtime, shape).value();
    const double created_ms = milliseconds_since(begin);
    collection.add(skep::testing::matrix_of(rows, settings.dim)).value();
    const double added_ms = milliseconds_since(begin);
    collection.search(skep::testing::matrix_of(query, settings.dim), settings.k).value();
    const double total_ms = milliseconds_since(begin);
    if (driver.init == 0 || driver.context == 0) {
        throw std::runtime_error("the backend's log does not tell how long the driver took");
    }

    char json[512];
    std::snprintf(json, sizeof json,
                  "{\"metric\": \"%s\", \"driver_init_ms\": %.1f, \"driver_context_ms\": %.1f, "
                  "\"runtime_ms\": %.1f, \"created_ms\": %.1f, "
                  "\"added_ms\": %.1f, \"first_answer_ms\": %.1f, \"over_driver_ms\": %.1f}",
                  settings.metric.c_str(), driver.init, driver.context, runtime_ms, created_ms,
                  added_ms, total_ms, total_ms - driver.init - driver.context);
    std::puts(json);
    if (!settings.json.empty()) std::ofstream(settings.json) << json << "\n";
    return 0;
}

std::vector<float> normal_f32(std::size_t count, std::uint64_t seed) {
    std::mt19937_64 engine(seed);
    return skep::bench::normal_f32(count, engine);
}

// The first rows of a .u8bin file, at most count of them, which becomes what was read.
std::vector<float> read_u8bin(const std::string& path, std::uint32_t& dim, std::uint64_t& count) {
    std::ifstream file(path, std::ios::binary);
    std::uint32_t head[2] = {0, 0};
    file.read(reinterpret_cast<char*>(head), sizeof head);
    dim = head[1];
    count = std::min<std::uint64_t>(head[0], count);
    std::vector<unsigned char> bytes(count * dim);
    file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    if (!file) throw std::runtime_error("cannot read " + path);
    return {bytes.begin(), bytes.end()};
}

std::vector<float> load_rows(const Settings& settings, std::uint32_t& dim, std::uint64_t& count) {
    count = settings.rows;
    if (settings.base.empty()) {
        dim = settings.dim;
        std::vector<float> rows = settings.normal ? normal_f32(count * dim, 1)
                                                  : skep::testing::random_f32(count * dim, 1);
        if (settings.bytes) {
            for (float& value : rows)
                value = static_cast<float>(static_cast<int>((value + 1) * 127));
        }
        return rows;
    }
    return read_u8bin(settings.base, dim, count);
}

// Fresh queries near the rows: a row with a little noise. Of real rows, those are harder than real
// queries: some lie where thousands of rows are close together.
template <typename Element>
std::vector<Element> queries_near(const Settings& settings, const std::vector<Element>& rows,
                                  std::uint32_t dim, std::uint64_t batch) {
    const std::uint64_t count = rows.size() / dim;
    std::vector<Element> queries(batch * dim);
    const auto noise = settings.normal ? normal_f32(batch * dim, 77 + batch)
                                       : skep::testing::random_f32(batch * dim, 77 + batch);
    for (std::uint64_t query = 0; query < batch; ++query) {
        const std::uint64_t row = (query * 7919 + 13) % count;
        for (std::uint32_t i = 0; i < dim; ++i) {
            const float value = static_cast<float>(rows[row * dim + i]);
            const float step = noise[query * dim + i];
            float moved = step;
            if (settings.unit_length) {
                moved = std::max(value + step * 0.015F, 0.0F);
            } else if (sizeof(Element) == 1 || !settings.base.empty()) {
                moved = std::clamp(value + std::round(step * 8), 0.0F, 255.0F);
            }
            queries[query * dim + i] = static_cast<Element>(moved);
        }
    }
    return queries;
}

template <typename Element>
std::vector<Element> queries_for(const Settings& settings, const std::vector<Element>& rows,
                                 std::uint32_t dim, std::uint64_t batch) {
    if (settings.queries.empty()) return queries_near(settings, rows, dim, batch);
    std::uint32_t query_dim = 0;
    std::uint64_t count = batch;
    std::vector<float> queries = read_u8bin(settings.queries, query_dim, count);
    if (query_dim != dim || count != batch) {
        throw std::runtime_error(settings.queries + " has " + std::to_string(count) +
                                 " queries of dimension " + std::to_string(query_dim) +
                                 ", wanted " + std::to_string(batch) + " of " +
                                 std::to_string(dim));
    }
    if (settings.unit_length) skep::bench::scale_to_unit_length(queries, dim);
    return {queries.begin(), queries.end()};
}

template <typename Element>
int measure(const Settings& settings, const std::vector<Element>& rows, std::uint32_t dim,
            std::uint64_t count) {
    const skep::Runtime runtime = skep::Runtime::create().value();
    skep::CollectionOptions options;
    options.device = "cuda:0";
    options.dim = dim;
    options.dtype = sizeof(Element) == 1 ? SKEP_DTYPE_U8 : SKEP_DTYPE_F32;
    options.metric = metric_of(settings);
    const skep::DeviceInfo device = runtime.find_device("cuda:0").value();
    // Three times over, the first one to have everything compiled and pinned; once where it takes
    // long.
    const int num_repetitions = count > 5'000'000 ? 1 : 4;
    std::optional<skep::Collection> made;
    std::vector<double> add_times;
    for (int repetition = 0; repetition < num_repetitions; ++repetition) {
        made.reset();
        made.emplace(skep::Collection::create(runtime, options).value());
        const auto add_begin = Clock::now();
        constexpr std::uint64_t kAddBatch = 100'000;
        for (std::uint64_t first = 0; first < count; first += kAddBatch) {
            const std::uint64_t num_rows = std::min(kAddBatch, count - first);
            const skep_matrix matrix = SKEP_HOST_MATRIX(skep_matrix, options.dtype,
                                                        rows.data() + first * dim, num_rows, dim);
            made->add(matrix).value();
        }
        if (repetition != 0 || num_repetitions == 1) {
            add_times.push_back(milliseconds_since(add_begin));
        }
    }
    std::sort(add_times.begin(), add_times.end());
    const double adds_per_s = static_cast<double>(count) / add_times[add_times.size() / 2] * 1e3;
    const skep::Collection& collection = *made;

    std::string runs;
    std::printf("%s %s, %s %ux%llu, k %llu\nadds: %.2f M rows/s\n%8s %10s %10s %12s\n", device.name,
                device.isa, settings.metric.c_str(), dim, static_cast<unsigned long long>(count),
                static_cast<unsigned long long>(settings.k), adds_per_s / 1e6, "batch", "p50 us",
                "p99 us", "queries/s");
    for (const std::uint64_t batch : settings.batches) {
        const std::vector<Element> queries = queries_for(settings, rows, dim, batch);
        const skep_matrix matrix =
            SKEP_HOST_MATRIX(skep_matrix, options.dtype, queries.data(), batch, dim);
        skep::Hits hits = collection.search(matrix, settings.k).value();

        // The answer before the time: three queries against the definition, or one.
        const std::uint64_t num_checked = count > 5'000'000 ? 1 : 3;
        for (std::uint64_t query = 0; query < std::min(batch, num_checked); ++query) {
            std::vector<std::pair<double, std::uint64_t>> truth(count);
            for (std::uint64_t row = 0; row < count; ++row) {
                truth[row] = {skep::distance(options.metric, queries.data() + query * dim,
                                             rows.data() + row * dim, dim),
                              row};
            }
            std::partial_sort(truth.begin(),
                              truth.begin() + static_cast<std::ptrdiff_t>(settings.k), truth.end());
            for (std::uint64_t i = 0; i < settings.k; ++i) {
                if (hits.keys[query * settings.k + i] != truth[i].second) {
                    throw std::runtime_error("wrong answer in batch " + std::to_string(batch));
                }
            }
        }

        std::vector<double> times;
        const auto begin = Clock::now();
        const std::size_t least = batch <= 100 ? 200 : 9;
        while (times.size() < least || milliseconds_since(begin) < 700) {
            const auto one = Clock::now();
            hits = collection.search(matrix, settings.k).value();
            times.push_back(milliseconds_since(one) * 1e3);
            if (milliseconds_since(begin) > 8000) break;
        }
        std::sort(times.begin(), times.end());
        const double p50 = times[times.size() / 2];
        const double p99 = times[times.size() * 99 / 100];
        const double qps = static_cast<double>(batch) / p50 * 1e6;
        std::printf("%8llu %10.1f %10.1f %12.0f\n", static_cast<unsigned long long>(batch), p50,
                    p99, qps);
        char run[256];
        std::snprintf(run, sizeof run,
                      "%s{\"batch\": %llu, \"p50_us\": %.1f, \"p99_us\": %.1f, \"qps\": %.0f, "
                      "\"repetitions\": %zu}",
                      runs.empty() ? "" : ", ", static_cast<unsigned long long>(batch), p50, p99,
                      qps, times.size());
        runs += run;
    }
    const skep_collection_stats stats = collection.stats().value();
    std::printf("redone by the plain kernels: %llu queries; %.0f bytes per vector\n",
                static_cast<unsigned long long>(stats.num_exact_retries),
                static_cast<double>(stats.row_bytes) / static_cast<double>(count));
    const std::string json =
        std::string("{\"device\": \"") + device.name + "\", \"isa\": \"" + device.isa +
        "\", \"driver\": \"" + device.driver_version + "\", \"metric\": \"" + settings.metric +
        "\", \"dtype\": " + std::to_string(options.dtype) +
        ", \"num_vectors\": " + std::to_string(count) + ", \"dim\": " + std::to_string(dim) +
        ", \"k\": " + std::to_string(settings.k) +
        ", \"adds_per_s\": " + std::to_string(adds_per_s) +
        ", \"retries\": " + std::to_string(stats.num_exact_retries) + ", \"runs\": [" + runs + "]}";
    if (!settings.json.empty()) std::ofstream(settings.json) << json << "\n";
    return 0;
}

int run(const Settings& settings) {
    if (settings.first_answer) return first_answer(settings);
    std::uint32_t dim = 0;
    std::uint64_t count = 0;
    std::vector<float> rows = load_rows(settings, dim, count);
    if (settings.copies > 1) {
        rows = skep::bench::jittered(rows, settings.copies);
        count *= settings.copies;
    }
    if (settings.unit_length) skep::bench::scale_to_unit_length(rows, dim);
    if (!settings.bytes) return measure(settings, rows, dim, count);
    std::vector<std::uint8_t> bytes(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i)
        bytes[i] = static_cast<std::uint8_t>(rows[i]);
    return measure(settings, bytes, dim, count);
}

}  // namespace

int main(int argc, char** argv) {
    Settings settings;
    CLI::App app("Exact search on a GPU, host memory to host memory");
    app.add_option("--rows", settings.rows, "rows, or the most to take of the base file");
    app.add_option("--dim", settings.dim);
    app.add_option("--k", settings.k);
    app.add_option("--base", settings.base, "rows from a .u8bin file instead of random ones");
    app.add_option("--queries", settings.queries,
                   "queries from a .u8bin file instead of rows with a little noise");
    app.add_option("--batches", settings.batches)->delimiter(',');
    app.add_option("--metric", settings.metric);
    app.add_flag("--bytes", settings.bytes, "u8 rows instead of f32");
    app.add_flag("--normal", settings.normal, "random rows from a normal distribution");
    app.add_flag("--unit-length", settings.unit_length, "rows of length one");
    app.add_option("--copies", settings.copies, "so many copies of the rows, jittered");
    app.add_flag("--first-answer", settings.first_answer, "time the way to the first answer only");
    app.add_option("--json", settings.json, "file to write figures to");
    CLI11_PARSE(app, argc, argv);
    try {
        return run(settings);
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "flat_search_bench: %s\n", failure.what());
        return 1;
    }
}
