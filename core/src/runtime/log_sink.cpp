// SPDX-License-Identifier: MIT
#include "runtime/log_sink.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>

namespace skep {
namespace {

constexpr std::array<const char*, 5> kLevelNames = {"off", "error", "warning", "info", "debug"};

}  // namespace

std::optional<std::int32_t> log_level_from_text(std::string_view text) {
    for (std::size_t level = 0; level < kLevelNames.size(); ++level) {
        if (text == kLevelNames[level] || text == std::to_string(level)) {
            return static_cast<std::int32_t>(level);
        }
    }
    return std::nullopt;
}

LogSink::LogSink(skep_log_fn log, void* user_data, std::int32_t level,
                 const Environment& environment)
    : log_(log), user_data_(user_data), level_(log == nullptr ? SKEP_LOG_OFF : level) {
    const std::optional<std::string> asked = environment.variable("SKEP_LOG");
    if (!asked) return;
    const std::optional<std::int32_t> asked_level = log_level_from_text(*asked);
    if (asked_level) {
        level_ = std::max(level_, *asked_level);
    } else {
        complaint_ =
            "SKEP_LOG is '" + *asked + "'; expected off, error, warning, info, debug or 0 to 4";
    }
}

void LogSink::write(std::int32_t level, const char* component, const char* message) const noexcept {
    if (!is_enabled(level)) return;
    const std::uint64_t thread_id = current_thread_id();
    if (log_ != nullptr) {
        log_(user_data_, level, component, thread_id, message);
        return;
    }
    // One call per line, so that lines of several threads do not mix.
    static_cast<void>(std::fprintf(stderr, "skep %s %s [%llu] %s\n",
                                   kLevelNames[static_cast<std::size_t>(level)], component,
                                   static_cast<unsigned long long>(thread_id), message));
}

}  // namespace skep
