// SPDX-License-Identifier: MIT
// Options that several commands share, and what they stand for.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <skep/skep.hpp>
#include <string>

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

// --metric and --index.
struct IndexChoice {
    std::string metric = "l2";
    std::string index = "flat";

    void add_to(CLI::App& arguments);

    // An empty collection for rows like these.
    [[nodiscard]] Collection create_collection(const Runtime& runtime, const skep_matrix& rows,
                                               const std::string& device) const;
};

// An option that takes a path; a positional argument if the name has no dashes.
CLI::Option* add_file(CLI::App& arguments, const std::string& name, std::string& path,
                      const std::string& description);

// An option that takes a whole number from 1 to `most`.
CLI::Option* add_number(CLI::App& arguments, const std::string& name, std::uint64_t& number,
                        std::uint64_t most, const std::string& description);

// Accepts whole numbers from 1 to `most`.
[[nodiscard]] CLI::Validator from_one_to(std::uint64_t most);

// --json.
void add_json_flag(CLI::App& arguments, bool& is_json);

// --k: 1 or more.
void add_k_option(CLI::App& arguments, std::uint64_t& k);

}  // namespace skep::cli
