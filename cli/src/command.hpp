// SPDX-License-Identifier: MIT
// What a subcommand is: arguments that CLI11 reads, and a function that does the work.
#pragma once

#include <functional>
#include <stdexcept>
#include <string>

// CLI11 takes a compiler 8 s to read and instantiate, so that two files do it for all of them:
// main.cpp and support/options.cpp.
namespace CLI {
class App;
}

namespace skep::cli {

class Interrupt;

// Arguments that each look right but do not go together: exit code 2, like any wrong usage.
class UsageError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

struct Command {
    CLI::App* arguments;
    // Returns what goes to stdout, whole: a command that fails half-way has printed nothing.
    std::function<std::string(Interrupt&)> run;
};

Command add_backends_command(CLI::App& program);
Command add_devices_command(CLI::App& program);
Command add_info_command(CLI::App& program);
Command add_build_command(CLI::App& program);
Command add_search_command(CLI::App& program);
Command add_eval_command(CLI::App& program);
Command add_convert_command(CLI::App& program);

}  // namespace skep::cli
