// SPDX-License-Identifier: MIT
// Reads the arguments, runs one command, and turns how it ended into an exit code: 0 done, 1
// failed, 2 wrong usage, 128 + signal when stopped by one. Errors are one line on stderr.
#include <fmt/format.h>
#include <skep/skep.hpp>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <new>
#include <string>

#include "command.hpp"
#include "support/posix_interrupt.hpp"

namespace skep::cli {
namespace {

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;
constexpr int kSignalBase = 128;

int fail(const std::string& program, std::string message, int exit_code) {
    std::replace(message.begin(), message.end(), '\n', ' ');
    const std::string line = program + ": " + message + "\n";
    std::fwrite(line.data(), 1, line.size(), stderr);
    return exit_code;
}

// The library's messages begin with the operation, which is often the command: once is enough.
int fail(const std::string& program, const skep::Error& error) {
    std::string message = error.what();
    const std::string operation = program.substr(program.rfind(' ') + 1) + ": ";
    if (message.compare(0, operation.size(), operation) == 0) message.erase(0, operation.size());
    return fail(program, message, kFailed);
}

int finish(const std::string& program, const std::string& output) {
    const bool is_written = std::fwrite(output.data(), 1, output.size(), stdout) == output.size() &&
                            std::fflush(stdout) == 0;
    if (is_written) return kDone;
    return fail(program, fmt::format("cannot write to stdout: {}", std::strerror(errno)), kFailed);
}

int run_command(const std::string& name, const Command& command, Interrupt& interrupt) {
    try {
        return finish(name, command.run(interrupt));
    } catch (const UsageError& error) {
        return fail(name, error.what(), kWrongUsage);
    } catch (const skep::Error& error) {
        if (error.status() == SKEP_CANCELLED && interrupt.signal() != 0) {
            return fail(name, "interrupted", kSignalBase + interrupt.signal());
        }
        return fail(name, error);
    } catch (const std::bad_alloc&) {
        return fail(name, "out of memory", kFailed);
    } catch (const std::exception& error) {
        return fail(name, error.what(), kFailed);
    }
}

int run(int argc, const char* const* argv) {
    CLI::App program("Nearest-neighbour search on whatever device is there.", "skep");
    program.set_version_flag("--version", std::string("skep ") + skep_version());
    program.require_subcommand(0, 1);  // none is told below: a wrong name is the better message
    const std::array commands{add_backends_command(program), add_devices_command(program),
                              add_info_command(program),     add_build_command(program),
                              add_search_command(program),   add_eval_command(program),
                              add_convert_command(program)};

    const auto chosen = [&commands] {
        return std::find_if(commands.begin(), commands.end(),
                            [](const Command& command) { return command.arguments->parsed(); });
    };
    const auto full_name = [&commands, &chosen] {
        return chosen() == commands.end() ? "skep" : "skep " + chosen()->arguments->get_name();
    };
    try {
        program.parse(argc, argv);
    } catch (const CLI::Success& request) {  // --help, --version
        return program.exit(request);
    } catch (const CLI::ParseError& error) {
        return fail(full_name(), fmt::format("{}; see {} --help", error.what(), full_name()),
                    kWrongUsage);
    }
    if (chosen() == commands.end()) {
        return fail("skep", "a command is required; see skep --help", kWrongUsage);
    }
    Interrupt interrupt;
    return run_command(full_name(), *chosen(), interrupt);
}

}  // namespace
}  // namespace skep::cli

int main(int argc, char** argv) {
    try {
        return skep::cli::run(argc, argv);
    } catch (const std::exception& error) {
        return skep::cli::fail("skep", error.what(), skep::cli::kFailed);
    }
}
