// SPDX-License-Identifier: MIT
// How commands declare their arguments; those that several share, and what they stand for.
#pragma once

#include <cstdint>
#include <skep/skep.hpp>
#include <string>
#include <vector>

#include "command.hpp"

namespace skep::cli {

// --device and --threads.
struct DeviceChoice {
    std::string device = "auto";
    std::uint64_t num_threads = 0;  // 0: one per usable processor

    void add_to(CLI::App& arguments);

    // The number that the runtime works with: never 0.
    [[nodiscard]] std::uint32_t resolved_threads() const;
    [[nodiscard]] Runtime open_runtime() const;
};

// --metric, --index and --dtype, and what an hnsw index is built with.
struct IndexChoice {
    std::string metric = "l2";
    std::string index = "flat";
    std::string dtype;    // empty: that of the file
    std::uint64_t m = 0;  // 0: the library's choice, as for the next one
    std::uint64_t ef_construction = 0;
    std::uint64_t seed = 0;

    // needed_option: what they go with; may be empty.
    void add_to(CLI::App& arguments, const std::string& needed_option = "");

    // An empty collection for rows like these.
    [[nodiscard]] Collection create_collection(const Runtime& runtime, const skep_matrix& rows,
                                               const std::string& device) const;
};

// --dtype.
void add_dtype_option(CLI::App& arguments, std::string& dtype);

CLI::App* add_subcommand(CLI::App& program, const std::string& name,
                         const std::string& description);

enum class Need { kOptional, kRequired };

// An option that takes a path; a positional argument if the name has no dashes.
void add_file(CLI::App& arguments, const std::string& name, std::string& path,
              const std::string& description, Need need = Need::kOptional);

// An option that takes a whole number from 1 to `most`. 0 stands for not given.
void add_number(CLI::App& arguments, const std::string& name, std::uint64_t& number,
                std::uint64_t most, const std::string& description);

// As above, one or more of them with commas between.
void add_number_list(CLI::App& arguments, const std::string& name,
                     std::vector<std::uint64_t>& numbers, std::uint64_t most,
                     const std::string& description);

// --metric, where it stands alone.
void add_metric_option(CLI::App& arguments, std::string& metric, const std::string& description);

void add_flag(CLI::App& arguments, const std::string& name, bool& is_set,
              const std::string& description);

// --json.
void add_json_flag(CLI::App& arguments, bool& is_json);

// --recall: above 0, at most 1; 0 stands for not given. excluded_option: what it does not go with;
// may be empty.
void add_recall_option(CLI::App& arguments, double& recall, const std::string& description,
                       const std::string& excluded_option = "");

// --k: 1 or more.
void add_k_option(CLI::App& arguments, std::uint64_t& k);

}  // namespace skep::cli
