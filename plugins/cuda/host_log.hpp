// SPDX-License-Identifier: MIT
// The host's log, with formatting. Never throws: a log line is not worth a failed call.
#pragma once

#include <fmt/format.h>
#include <skep/host_services.h>

#include <cstdint>
#include <utility>

namespace skep::cuda {

class HostLog {
  public:
    HostLog() = default;
    explicit HostLog(const skep_host_services& host) : host_(&host) {}

    template <typename... Values>
    void write(std::int32_t level, fmt::format_string<Values...> format,
               Values&&... values) const noexcept {
        if (host_ == nullptr || host_->log_enabled(host_->context, level) == 0) return;
        try {
            const std::string message = fmt::format(format, std::forward<Values>(values)...);
            host_->log(host_->context, level, "cuda", message.c_str());
        } catch (...) {
            host_->log(host_->context, level, "cuda", "a line is lost: no memory to write it");
        }
    }

  private:
    const skep_host_services* host_ = nullptr;
};

}  // namespace skep::cuda
