// SPDX-License-Identifier: MIT
#include "support/options.hpp"

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

void IndexChoice::add_to(CLI::App& arguments) {
    arguments.add_option("--metric", metric, "l2, inner_product or cosine")
        ->type_name("NAME")
        ->capture_default_str()
        ->check(name_known_to(skep_metric_from_name));
    arguments.add_option("--index", index, "flat: exact search")
        ->type_name("NAME")
        ->capture_default_str()
        ->check(name_known_to(skep_index_kind_from_name));
}

Collection IndexChoice::create_collection(const Runtime& runtime, const skep_matrix& rows,
                                          const std::string& device) const {
    CollectionOptions options;
    options.dim = rows.dim;
    options.dtype = rows.dtype;
    options.device = device.c_str();
    options.reserve_rows = rows.num_rows;
    call(skep_metric_from_name, metric.c_str(), &options.metric);
    call(skep_index_kind_from_name, index.c_str(), &options.index);
    return Collection::create(runtime, options).value();
}

CLI::Option* add_file(CLI::App& arguments, const std::string& name, std::string& path,
                      const std::string& description) {
    const bool is_positional = name.front() != '-';  // its name says enough
    return arguments.add_option(name, path, description)->type_name(is_positional ? "" : "FILE");
}

CLI::Option* add_number(CLI::App& arguments, const std::string& name, std::uint64_t& number,
                        std::uint64_t most, const std::string& description) {
    return arguments.add_option(name, number, description)
        ->type_name("N")
        ->check(from_one_to(most));
}

CLI::Validator from_one_to(std::uint64_t most) {
    // Without the description, which help would show as part of the type.
    return CLI::Range(std::uint64_t{1}, most).description("");
}

void add_json_flag(CLI::App& arguments, bool& is_json) {
    arguments.add_flag("--json", is_json, "Print JSON");
}

void add_k_option(CLI::App& arguments, std::uint64_t& k) {
    add_number(arguments, "--k", k, SKEP_MAX_ROWS, "Neighbours per query")->capture_default_str();
}

}  // namespace skep::cli
