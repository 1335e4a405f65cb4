// SPDX-License-Identifier: MIT
// skep eval: recall against the exact truth, queries per second and latency, by batch size and, of
// a graph, by ef_search.
#include <fmt/format.h>
#include <skep/skep.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "command.hpp"
#include "evaluation/exact_truth.hpp"
#include "evaluation/search_runs.hpp"
#include "support/base_rows.hpp"
#include "support/json_text.hpp"
#include "support/library.hpp"
#include "support/matrix.hpp"
#include "support/options.hpp"
#include "support/posix_interrupt.hpp"
#include "support/progress_bar.hpp"
#include "support/stopwatch.hpp"
#include "support/table.hpp"
#include "support/vector_file.hpp"

namespace skep::cli {
namespace {

namespace json = boost::json;

// Batches are padded up to their size, so a very large one would only measure the padding.
constexpr std::uint64_t kMaxBatch = 1'000'000;
constexpr std::uint64_t kMaxRepeats = 1'000'000;

struct Options {
    std::string file;
    std::string base;
    std::string queries;
    std::string truth_ids;
    std::string truth_distances;
    IndexChoice index;
    std::uint64_t k = 10;
    std::vector<std::uint64_t> batches{1, 10, 100};
    std::vector<std::uint64_t> efs;  // empty: left to the library
    double recall = 0.0;             // 0: not asked for
    std::uint64_t num_queries = 0;   // 0: all, or as many as the truth has
    std::uint64_t num_repeats = 5;
    DeviceChoice device;
    bool is_json = false;
};

// What is searched, and its rows for the truth: those of the base file, or read back.
struct Subject {
    Collection collection;
    std::optional<BaseRows> base;
    // One of them happened; the other stays 0.
    double build_seconds = 0.0;
    double open_seconds = 0.0;
};

struct Report {
    DeviceInfo device;
    skep_collection_info collection{};
    skep_collection_stats stats{};
    std::uint32_t num_threads = 0;
    std::uint64_t num_queries = 0;
    std::uint64_t k = 0;
    double build_seconds = 0.0;
    double open_seconds = 0.0;
    std::vector<BatchRun> runs;

    [[nodiscard]] double bytes_per_vector() const {
        if (stats.num_rows == 0) return 0.0;
        return static_cast<double>(stats.row_bytes + stats.graph_bytes) /
               static_cast<double>(stats.num_rows);
    }
    [[nodiscard]] bool has_graph() const { return collection.index == SKEP_INDEX_HNSW; }
};

Subject build_or_open(const Options& options, const Runtime& runtime, const Interrupt& interrupt) {
    if (options.base.empty()) {
        ProgressBar bar("opening");
        const skep_call_options control = interrupt.call_options(&bar);
        const Stopwatch opening;
        Collection collection =
            Collection::open(runtime, options.file, options.device.device, SKEP_OPEN_MAP, &control)
                .value();
        return {std::move(collection), std::nullopt, 0.0, opening.seconds()};
    }
    BaseRows base(options.base, options.index.dtype);
    const Stopwatch building;
    Collection collection =
        options.index.create_collection(runtime, base.view(), options.device.device);
    ProgressBar bar("adding rows");
    const skep_call_options control = interrupt.call_options(&bar);
    collection.add(base.view(), &control).value();
    interrupt.check();  // a graph that was not finished is no failure of add
    return {std::move(collection), std::move(base), building.seconds(), 0.0};
}

// The rows of an opened collection, in their order.
DenseMatrix read_rows(const Collection& collection, const Interrupt& interrupt) {
    const skep_collection_info info = collection.info().value();
    const std::uint64_t num_rows = collection.count().value();
    std::vector<std::uint64_t> numbers;
    skep_byte_list* strings = nullptr;
    std::uint64_t num_keys = 0;
    const bool is_string = info.key_kind == SKEP_KEY_STRING;
    if (!is_string) numbers.resize(static_cast<std::size_t>(num_rows));
    call(skep_collection_list_keys, collection.get(), is_string ? nullptr : numbers.data(),
         is_string ? std::uint64_t{0} : num_rows, &num_keys, is_string ? &strings : nullptr);
    const ByteList names(strings);
    interrupt.check();

    std::vector<std::uint64_t> offsets{0};
    std::string bytes;
    for (std::uint64_t row = 0; row < names.size(); ++row) {
        bytes += names[row];
        offsets.push_back(bytes.size());
    }
    skep_keys keys = SKEP_U64_KEYS(numbers.data(), num_rows);
    if (is_string) keys = SKEP_STRING_KEYS(offsets.data(), bytes.data(), num_rows);

    DenseMatrix rows(info.dtype, num_rows, info.dim);
    skep_mutable_matrix target = rows.mutable_view();
    const skep_keys* asked = &keys;
    skep_byte_list** no_payloads = nullptr;
    std::uint8_t* all_there = nullptr;
    call(skep_collection_get, collection.get(), asked, &target, no_payloads, all_there);
    interrupt.check();
    return rows;
}

ExactTruth find_truth(const Options& options, const Runtime& runtime, const Subject& subject,
                      const skep_matrix& queries, const Interrupt& interrupt) {
    if (!options.truth_distances.empty()) {
        return read_truth(options.truth_ids, options.truth_distances, options.num_queries,
                          subject.collection.count().value());
    }
    const skep_collection_info info = subject.collection.info().value();
    const DenseMatrix asked = dense_queries(queries, queries.num_rows, info.dtype);
    if (subject.base) {
        return compute_truth(runtime, subject.base->view(), asked.view(), info.metric, options.k,
                             interrupt);
    }
    const DenseMatrix rows = read_rows(subject.collection, interrupt);
    return compute_truth(runtime, rows.view(), asked.view(), info.metric, options.k, interrupt);
}

// The queries to use: as many as asked for, all if that is 0.
skep_matrix choose_queries(const Options& options, const VectorFile& file) {
    const std::uint64_t num_available = file.rows().num_rows;
    if (num_available == 0 || options.num_queries > num_available) {
        throw Error(SKEP_INVALID_ARGUMENT,
                    fmt::format("{}: has {} queries, expected at least {}", options.queries,
                                num_available, std::max(options.num_queries, std::uint64_t{1})),
                    SKEP_LAYER_CLIENT);
    }
    return part_of(file.rows(), 0, options.num_queries == 0 ? num_available : options.num_queries);
}

void check_truth(const Options& options, const ExactTruth& truth) {
    if (truth.num_queries > 0 && truth.k >= options.k) return;
    throw Error(SKEP_INVALID_K,
                fmt::format("{}: has {} queries with {} neighbours each, expected at least k {}",
                            options.truth_distances, truth.num_queries, truth.k, options.k),
                SKEP_LAYER_CLIENT);
}

void check_usage(const Options& options) {
    if (options.file.empty() == options.base.empty()) {
        throw UsageError("expected either FILE.skep or --base FILE; see skep eval --help");
    }
    if (!options.truth_ids.empty() && options.truth_distances.empty()) {
        throw UsageError("--truth needs --truth-distances, which recall is judged by");
    }
}

// The ef_search values to measure.
std::vector<std::uint64_t> choose_efs(const Options& options, const Collection& collection,
                                      const Interrupt& interrupt) {
    if (options.recall == 0.0)
        return options.efs.empty() ? std::vector<std::uint64_t>{0} : options.efs;
    // Not on the queries: they are what is measured.
    const skep_matrix* const no_queries = nullptr;
    const skep_call_options control = interrupt.call_options();
    std::uint32_t ef_search = 0;
    call(skep_collection_calibrate, collection.get(), options.k, options.recall, no_queries,
         &control, &ef_search);
    return {ef_search};
}

Report evaluate(const Options& options, const Interrupt& interrupt) {
    const VectorFile query_file(options.queries);
    skep_matrix queries = choose_queries(options, query_file);
    const Runtime runtime = options.device.open_runtime();
    const Subject subject = build_or_open(options, runtime, interrupt);
    const ExactTruth truth = find_truth(options, runtime, subject, queries, interrupt);
    check_truth(options, truth);
    queries.num_rows = std::min(queries.num_rows, truth.num_queries);

    Report report;
    report.device = subject.collection.device().value();
    report.collection = subject.collection.info().value();
    report.stats = subject.collection.stats().value();
    report.num_threads = options.device.resolved_threads();
    report.num_queries = queries.num_rows;
    report.k = options.k;
    report.build_seconds = subject.build_seconds;
    report.open_seconds = subject.open_seconds;
    const RunPlan plan{queries.num_rows, options.k, options.num_repeats, options.batches,
                       choose_efs(options, subject.collection, interrupt)};
    report.runs = run_searches(subject.collection, queries, plan, truth, interrupt);
    return report;
}

std::string as_json(const Report& report) {
    json::array runs;
    for (const BatchRun& run : report.runs) {
        json::object described;
        if (report.has_graph()) described["ef_search"] = run.ef_search;
        described["batch"] = run.batch;
        described["recall"] = run.recall;
        described["qps"] = run.qps;
        described["p50_us"] = run.p50_us;
        described["p99_us"] = run.p99_us;
        runs.push_back(std::move(described));
    }
    return json_text(json::object{{"device", report.device.id},
                                  {"backend", report.device.backend},
                                  {"isa", report.device.isa},
                                  {"index", skep_index_kind_name(report.collection.index)},
                                  {"metric", skep_metric_name(report.collection.metric)},
                                  {"dtype", skep_dtype_name(report.collection.dtype)},
                                  {"num_vectors", report.stats.num_rows},
                                  {"dim", report.collection.dim},
                                  {"k", report.k},
                                  {"threads", report.num_threads},
                                  {"build_seconds", report.build_seconds},
                                  {"open_seconds", report.open_seconds},
                                  {"bytes_per_vector", report.bytes_per_vector()},
                                  {"runs", std::move(runs)}});
}

std::string as_table(const Report& report) {
    const bool is_built = report.build_seconds != 0.0;
    std::string text = fmt::format(
        "device   {} ({}, {}), {} threads\n"
        "index    {}, {}, {} rows, dim {}, {}; {:.1f} bytes per vector, {} in {:.3f} s\n"
        "queries  {}, k {}\n\n",
        report.device.id, report.device.name, report.device.isa, report.num_threads,
        skep_index_kind_name(report.collection.index), skep_metric_name(report.collection.metric),
        report.stats.num_rows, report.collection.dim, skep_dtype_name(report.collection.dtype),
        report.bytes_per_vector(), is_built ? "built" : "opened",
        report.build_seconds + report.open_seconds, report.num_queries, report.k);
    std::vector<Table::Column> columns{{"BATCH", Align::kRight},
                                       {fmt::format("RECALL@{}", report.k), Align::kRight},
                                       {"QPS", Align::kRight},
                                       {"P50 US", Align::kRight},
                                       {"P99 US", Align::kRight}};
    if (report.has_graph()) columns.insert(columns.begin(), {"EF", Align::kRight});
    Table table(columns);
    for (const BatchRun& run : report.runs) {
        std::vector<std::string> cells{std::to_string(run.batch), fmt::format("{:.4f}", run.recall),
                                       fmt::format("{:.0f}", run.qps),
                                       fmt::format("{:.1f}", run.p50_us),
                                       fmt::format("{:.1f}", run.p99_us)};
        if (report.has_graph()) {
            cells.insert(cells.begin(),
                         run.ef_search == 0 ? "auto" : std::to_string(run.ef_search));
        }
        table.add_row(cells);
    }
    return text + table.text();
}

std::string run(const Options& options, const Interrupt& interrupt) {
    check_usage(options);
    const Report report = evaluate(options, interrupt);
    return options.is_json ? as_json(report) : as_table(report);
}

}  // namespace

Command add_eval_command(CLI::App& program) {
    auto options = std::make_shared<Options>();
    CLI::App* arguments = add_subcommand(
        program, "eval", "Measure recall, queries per second and the latency of a call");
    add_file(*arguments, "FILE", options->file, "A saved collection; or use --base");
    add_file(*arguments, "--base", options->base, "Build from these vectors, in memory");
    add_file(*arguments, "--queries", options->queries, "Vectors to search for", Need::kRequired);
    add_file(*arguments, "--truth", options->truth_ids,
             "Row numbers of the true neighbours, .ibin or .ivecs");
    add_file(*arguments, "--truth-distances", options->truth_distances,
             "Their distances, .fbin or .fvecs; computed when not given");
    options->index.add_to(*arguments, "--base");
    add_k_option(*arguments, options->k);
    add_number_list(*arguments, "--batch", options->batches, kMaxBatch,
                    "Queries per call: one or more sizes, 1,10,100");
    add_number_list(*arguments, "--ef-search", options->efs, SKEP_MAX_ROWS,
                    "hnsw: candidates per query, one or more numbers; by default chosen from k");
    add_recall_option(*arguments, options->recall,
                      "hnsw: instead of --ef-search, the one that finds this share of the true "
                      "neighbours of points like the rows, above 0, at most 1",
                      "--ef-search");
    add_number(*arguments, "--num-queries", options->num_queries, SKEP_MAX_ROWS,
               "Use the first N queries; by default all that the truth covers");
    add_number(*arguments, "--repeat", options->num_repeats, kMaxRepeats,
               "Timed passes over the queries");
    options->device.add_to(*arguments);
    add_json_flag(*arguments, options->is_json);
    return {arguments, [options](Interrupt& interrupt) { return run(*options, interrupt); }};
}

}  // namespace skep::cli
