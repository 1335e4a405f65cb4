// SPDX-License-Identifier: MIT
// What the process and its system tell us: privileges, variables, processors, where libskep lies.
// Implemented per system: posix_environment.cpp.
#pragma once

#include <csignal>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace skep {

// True when the process has more rights than the user who started it (set-uid, set-gid, file
// capabilities): that user's environment must not decide what is loaded.
bool has_elevated_privileges();

// The variables that may count. Empty when privileges are elevated or the application said so.
class Environment {
  public:
    enum class Use { kRead, kIgnore };

    explicit Environment(Use use) : use_(use) {}

    [[nodiscard]] bool is_ignored() const { return use_ == Use::kIgnore; }
    [[nodiscard]] std::optional<std::string> variable(const char* name) const;

  private:
    Use use_;
};

// Processors that this process may use: its affinity, cut to the processor quota of its control
// group. At least 1.
std::uint32_t num_usable_processors();

// The quota in a control group's "cpu.max" ("200000 100000"), rounded up to whole processors;
// nothing for "max" and for text of another form.
std::optional<std::uint32_t> processors_in_quota(std::string_view cpu_max);

// The number that tools show for the calling thread.
std::uint64_t current_thread_id();
std::uint64_t current_process_id();

// Absolute path, links resolved, of the library or program that contains this code; empty if the
// system does not tell.
std::string path_of_this_library();

// Blocks all signals for the calling thread while it lives; threads started meanwhile inherit that,
// so that the application's handlers run on its own threads only.
class ScopedSignalBlock {
  public:
    ScopedSignalBlock();
    ~ScopedSignalBlock();
    ScopedSignalBlock(const ScopedSignalBlock&) = delete;
    ScopedSignalBlock& operator=(const ScopedSignalBlock&) = delete;

  private:
    sigset_t previous_;
};

}  // namespace skep
