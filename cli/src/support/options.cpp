// SPDX-License-Identifier: MIT
#include "support/options.hpp"

#include <cstdint>
#include <limits>

#include <CLI/CLI.hpp>

#include "support/library.hpp"
#include "support/posix_process.hpp"

namespace skep::cli {
namespace {

constexpr std::uint64_t kMaxThreads = 4096;

// Names are the library's: a kind that it learns is a kind that the command line takes.
template <typename Value>
CLI::Validator name_known_to(skep_status (*from_name)(const char*, Value*, skep_error*)) {
    return {[from_name](std::string& name) {
                skep_error error = SKEP_ERROR_INIT;
                Value value{};
                if (from_name(name.c_str(), &value, &error) == SKEP_OK) return std::string();
                return std::string(error.message);
            },
            std::string()};
}

CLI::Validator from_one_to(std::uint64_t most) {
    // Without the description, which help would show as part of the type.
    return CLI::Range(std::uint64_t{1}, most).description("");
}

}  // namespace

void DeviceChoice::add_to(CLI::App& arguments) {
    arguments
        .add_option("--device", device, "auto, cpu, cuda:0, ... (skep devices lists what is there)")
        ->type_name("NAME")
        ->capture_default_str();
    add_number(arguments, "--threads", num_threads, kMaxThreads,
               "Threads to work with, this one included; by default one per usable processor");
}

std::uint32_t DeviceChoice::resolved_threads() const {
    return num_threads != 0 ? static_cast<std::uint32_t>(num_threads) : num_usable_processors();
}

Runtime DeviceChoice::open_runtime() const {
    skep_runtime_options options = SKEP_RUNTIME_OPTIONS_INIT;
    options.num_threads = resolved_threads();
    return Runtime::create(&options).value();
}

void IndexChoice::add_to(CLI::App& arguments, const std::string& needed_option) {
    CLI::Option* const metric_option =
        arguments.add_option("--metric", metric, "l2, inner_product or cosine")
            ->type_name("NAME")
            ->capture_default_str()
            ->check(name_known_to(skep_metric_from_name));
    CLI::Option* const index_option =
        arguments.add_option("--index", index, "flat: exact search; hnsw: a graph")
            ->type_name("NAME")
            ->capture_default_str()
            ->check(name_known_to(skep_index_kind_from_name));
    add_number(arguments, "--m", m, SKEP_MAX_GRAPH_LINKS, "hnsw: links per row; by default 16");
    add_number(arguments, "--ef-construction", ef_construction, SKEP_MAX_EF_CONSTRUCTION,
               "hnsw: candidates per row while building; by default 200");
    add_number(arguments, "--seed", seed, std::numeric_limits<std::uint64_t>::max(),
               "hnsw: what levels are drawn from; by default 0");
    add_dtype_option(arguments, dtype);
    if (needed_option.empty()) return;
    CLI::Option* const needed = arguments.get_option(needed_option);
    metric_option->needs(needed);
    index_option->needs(needed);
    for (const char* name : {"--dtype", "--m", "--ef-construction", "--seed"})
        arguments.get_option(name)->needs(needed);
}

Collection IndexChoice::create_collection(const Runtime& runtime, const skep_matrix& rows,
                                          const std::string& device) const {
    CollectionOptions options;
    options.dim = rows.dim;
    options.dtype = rows.dtype;
    options.device = device.c_str();
    options.reserve_rows = rows.num_rows;
    options.m = static_cast<std::uint32_t>(m);
    options.ef_construction = static_cast<std::uint32_t>(ef_construction);
    options.seed = seed;
    call(skep_metric_from_name, metric.c_str(), &options.metric);
    call(skep_index_kind_from_name, index.c_str(), &options.index);
    return Collection::create(runtime, options).value();
}

void add_dtype_option(CLI::App& arguments, std::string& dtype) {
    arguments
        .add_option("--dtype", dtype,
                    "f32, f16, bf16, i8 or u8: round components to the nearest of it; one out of "
                    "its range is an error. By default as in the file")
        ->type_name("NAME")
        ->check(name_known_to(skep_dtype_from_name));
}

CLI::App* add_subcommand(CLI::App& program, const std::string& name,
                         const std::string& description) {
    return program.add_subcommand(name, description);
}

void add_file(CLI::App& arguments, const std::string& name, std::string& path,
              const std::string& description, Need need) {
    const bool is_positional = name.front() != '-';  // its name says enough
    arguments.add_option(name, path, description)
        ->type_name(is_positional ? "" : "FILE")
        ->required(need == Need::kRequired);
}

void add_number(CLI::App& arguments, const std::string& name, std::uint64_t& number,
                std::uint64_t most, const std::string& description) {
    CLI::Option* const option =
        arguments.add_option(name, number, description)->type_name("N")->check(from_one_to(most));
    if (number != 0) option->capture_default_str();
}

void add_number_list(CLI::App& arguments, const std::string& name,
                     std::vector<std::uint64_t>& numbers, std::uint64_t most,
                     const std::string& description) {
    arguments.add_option(name, numbers, description)
        ->type_name("LIST")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->capture_default_str()
        ->check(from_one_to(most));
}

void add_metric_option(CLI::App& arguments, std::string& metric, const std::string& description) {
    arguments.add_option("--metric", metric, description)
        ->type_name("NAME")
        ->capture_default_str()
        ->check(name_known_to(skep_metric_from_name));
}

void add_flag(CLI::App& arguments, const std::string& name, bool& is_set,
              const std::string& description) {
    arguments.add_flag(name, is_set, description);
}

void add_json_flag(CLI::App& arguments, bool& is_json) {
    add_flag(arguments, "--json", is_json, "Print JSON");
}

void add_recall_option(CLI::App& arguments, double& recall, const std::string& description,
                       const std::string& excluded_option) {
    constexpr double kLeast = 1e-6;
    CLI::Option* const option = arguments.add_option("--recall", recall, description)
                                    ->type_name("SHARE")
                                    ->check(CLI::Range(kLeast, 1.0).description(""));
    if (!excluded_option.empty()) option->excludes(arguments.get_option(excluded_option));
}

void add_k_option(CLI::App& arguments, std::uint64_t& k) {
    add_number(arguments, "--k", k, SKEP_MAX_ROWS, "Neighbours per query");
}

}  // namespace skep::cli
