// SPDX-License-Identifier: MIT
// skep search: the nearest rows of each query, as a table, as JSON, or as files of vectors.
#include <fmt/format.h>
#include <skep/skep.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "command.hpp"
#include "support/json_text.hpp"
#include "support/library.hpp"
#include "support/matrix.hpp"
#include "support/options.hpp"
#include "support/posix_interrupt.hpp"
#include "support/progress_bar.hpp"
#include "support/stopwatch.hpp"
#include "support/vector_file.hpp"

namespace skep::cli {
namespace {

namespace json = boost::json;

struct Options {
    std::string file;
    std::string queries;
    std::string ids_out;
    std::string distances_out;
    std::uint64_t k = 10;
    std::uint64_t ef_search = 0;
    double recall = 0.0;
    DeviceChoice device;
    bool is_json = false;
};

struct Answers {
    Hits hits;
    skep_collection_info collection{};
    std::string device;
    double seconds = 0.0;

    // Answers of one query: missing ones come last, at +infinity.
    [[nodiscard]] std::uint64_t num_found(std::uint64_t query) const {
        std::uint64_t found = 0;
        while (found < hits.k && !std::isinf(distance(query, found)))
            ++found;
        return found;
    }
    [[nodiscard]] float distance(std::uint64_t query, std::uint64_t rank) const {
        return hits.distances[static_cast<std::size_t>(query * hits.k + rank)];
    }
    [[nodiscard]] json::value key(std::uint64_t query, std::uint64_t rank) const {
        const std::uint64_t position = query * hits.k + rank;
        if (collection.key_kind == SKEP_KEY_U64) {
            return hits.keys[static_cast<std::size_t>(position)];
        }
        return json::value(hits.strings[position]);
    }
};

Answers search(const Options& options, const Interrupt& interrupt) {
    const VectorFile queries(options.queries);
    const Runtime runtime = options.device.open_runtime();
    const skep_call_options opening = interrupt.call_options();
    const Collection collection =
        Collection::open(runtime, options.file, options.device.device, SKEP_OPEN_MAP, &opening)
            .value();
    Answers answers;
    answers.collection = collection.info().value();
    answers.device = collection.device().value().id;
    const DenseMatrix dense =
        dense_queries(queries.rows(), queries.rows().num_rows, answers.collection.dtype);

    ProgressBar bar("searching");
    const skep_call_options control = interrupt.call_options(&bar);
    const Stopwatch searching;
    skep_search_options asked = SKEP_SEARCH_OPTIONS_INIT;
    asked.k = options.k;
    asked.ef_search = static_cast<std::uint32_t>(options.ef_search);
    asked.recall = options.recall;
    answers.hits = collection.search(dense.view(), asked, &control).value();
    answers.seconds = searching.seconds();
    return answers;
}

// Keys as the i32 of .ivecs and .ibin; -1 where there is no answer.
std::vector<std::int32_t> keys_as_i32(const Answers& answers) {
    if (answers.collection.key_kind != SKEP_KEY_U64) {
        throw Error(SKEP_UNSUPPORTED_TYPE,
                    "--out: the collection has string keys, which a vector file cannot hold; "
                    "leave --out away to print them",
                    SKEP_LAYER_CLIENT);
    }
    std::vector<std::int32_t> ids;
    ids.reserve(answers.hits.keys.size());
    for (std::uint64_t query = 0; query < answers.hits.num_queries; ++query) {
        const std::uint64_t num_found = answers.num_found(query);
        for (std::uint64_t rank = 0; rank < answers.hits.k; ++rank) {
            const std::uint64_t key =
                answers.hits.keys[static_cast<std::size_t>(query * answers.hits.k + rank)];
            if (rank < num_found && key > std::numeric_limits<std::int32_t>::max()) {
                throw Error(SKEP_LIMIT_EXCEEDED,
                            fmt::format("--out: key {} does not fit in the file's i32", key),
                            SKEP_LAYER_CLIENT);
            }
            ids.push_back(rank < num_found ? static_cast<std::int32_t>(key) : -1);
        }
    }
    return ids;
}

void write_matrix(const std::string& path, skep_dtype dtype, const void* data, const Hits& hits,
                  const Interrupt& interrupt) {
    const skep_matrix matrix = SKEP_HOST_MATRIX(skep_matrix, dtype, data, hits.num_queries,
                                                static_cast<std::uint32_t>(hits.k));
    const skep_call_options control = interrupt.call_options();
    call(skep_vectors_write, path.c_str(), &matrix, &control);
}

void write_files(const Options& options, const Answers& answers, const Interrupt& interrupt) {
    if (!options.ids_out.empty()) {
        const std::vector<std::int32_t> ids = keys_as_i32(answers);
        write_matrix(options.ids_out, SKEP_DTYPE_I32, ids.data(), answers.hits, interrupt);
    }
    if (!options.distances_out.empty()) {
        write_matrix(options.distances_out, SKEP_DTYPE_F32, answers.hits.distances.data(),
                     answers.hits, interrupt);
    }
}

std::string as_json(const Answers& answers, bool is_listed) {
    json::object object{{"device", answers.device},
                        {"metric", skep_metric_name(answers.collection.metric)},
                        {"k", answers.hits.k},
                        {"num_queries", answers.hits.num_queries},
                        {"seconds", answers.seconds}};
    if (is_listed) {
        json::array results;
        for (std::uint64_t query = 0; query < answers.hits.num_queries; ++query) {
            json::array keys;
            json::array distances;
            for (std::uint64_t rank = 0; rank < answers.num_found(query); ++rank) {
                keys.push_back(answers.key(query, rank));
                distances.emplace_back(answers.distance(query, rank));
            }
            results.push_back({{"keys", std::move(keys)}, {"distances", std::move(distances)}});
        }
        object["results"] = std::move(results);
    }
    return json_text(object);
}

// "query 0:  17 (1234)  99 (1240)": key and distance, nearest first.
std::string as_lines(const Answers& answers) {
    std::string text;
    for (std::uint64_t query = 0; query < answers.hits.num_queries; ++query) {
        fmt::format_to(std::back_inserter(text), "query {}:", query);
        for (std::uint64_t rank = 0; rank < answers.num_found(query); ++rank) {
            const json::value key = answers.key(query, rank);
            const std::string name =
                key.is_string() ? std::string(key.as_string()) : fmt::format("{}", key.as_uint64());
            fmt::format_to(std::back_inserter(text), "  {} ({})", name,
                           answers.distance(query, rank));
        }
        text += '\n';
    }
    return text;
}

std::string run(const Options& options, const Interrupt& interrupt) {
    const Answers answers = search(options, interrupt);
    write_files(options, answers, interrupt);
    const bool is_listed = options.ids_out.empty() && options.distances_out.empty();
    if (options.is_json) return as_json(answers, is_listed);
    if (is_listed) return as_lines(answers);
    return fmt::format("{} queries, k {}, on {} in {:.3f} s\n", answers.hits.num_queries,
                       answers.hits.k, answers.device, answers.seconds);
}

}  // namespace

Command add_search_command(CLI::App& program) {
    auto options = std::make_shared<Options>();
    CLI::App* arguments =
        add_subcommand(program, "search", "Find the nearest rows of each query in a .skep file");
    add_file(*arguments, "FILE", options->file, "A saved collection", Need::kRequired);
    add_file(*arguments, "--queries", options->queries, "Vectors to search for", Need::kRequired);
    add_k_option(*arguments, options->k);
    add_number(*arguments, "--ef-search", options->ef_search, SKEP_MAX_ROWS,
               "hnsw: candidates per query; by default chosen from k");
    add_recall_option(*arguments, options->recall,
                      "hnsw: share of the true neighbours wanted, above 0, at most 1; instead of "
                      "--ef-search, which is then measured unless the file knows it",
                      "--ef-search");
    add_file(*arguments, "--out", options->ids_out,
             "Write keys to this .ibin or .ivecs file instead of printing; -1 where "
             "there are fewer than k rows");
    add_file(*arguments, "--distances", options->distances_out,
             "Write distances to this .fbin or .fvecs file");
    options->device.add_to(*arguments);
    add_json_flag(*arguments, options->is_json);
    return {arguments, [options](Interrupt& interrupt) { return run(*options, interrupt); }};
}

}  // namespace skep::cli
