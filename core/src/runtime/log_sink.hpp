// SPDX-License-Identifier: MIT
// Where log lines go: the application's callback, standard error if SKEP_LOG asks for it, or
// nowhere.
#pragma once

#include <skep/skep.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/process_environment.hpp"

namespace skep {

class LogSink {
  public:
    // Silent.
    LogSink() = default;
    // `log` may be null. SKEP_LOG raises the callback's level, and without a callback it alone
    // decides.
    LogSink(skep_log_fn log, void* user_data, std::int32_t level, const Environment& environment);

    [[nodiscard]] bool is_enabled(std::int32_t level) const {
        return level > SKEP_LOG_OFF && level <= level_;
    }
    // One line. Never throws; what cannot be written is lost.
    void write(std::int32_t level, const char* component, const char* message) const noexcept;
    void write(std::int32_t level, const char* component,
               const std::string& message) const noexcept {
        write(level, component, message.c_str());
    }

    // What is wrong with SKEP_LOG; empty if nothing is. Shown in the explain report, since a log
    // that cannot be set up has no other way to say so.
    [[nodiscard]] const std::string& complaint() const { return complaint_; }

  private:
    skep_log_fn log_ = nullptr;
    void* user_data_ = nullptr;
    std::int32_t level_ = SKEP_LOG_OFF;
    std::string complaint_;
};

// "off", "error", "warning", "info", "debug", or their numbers.
std::optional<std::int32_t> log_level_from_text(std::string_view text);

}  // namespace skep
