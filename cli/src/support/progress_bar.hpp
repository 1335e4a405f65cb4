// SPDX-License-Identifier: MIT
// A bar on stderr for one long call, drawn by Boost.Timer's progress_display.
#pragma once

#include <boost/timer/progress_display.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace skep::cli {

// Draws nothing when stderr is no terminal, when the amount of work is unknown, and for calls that
// are over before a bar could be read.
class ProgressBar {
  public:
    explicit ProgressBar(std::string title);
    ~ProgressBar();
    ProgressBar(const ProgressBar&) = delete;
    ProgressBar& operator=(const ProgressBar&) = delete;

    // Never called by two threads at once.
    void update(std::uint64_t done, std::uint64_t total);

  private:
    std::string title_;
    bool is_shown_;
    std::chrono::steady_clock::time_point begin_;
    std::optional<boost::timer::progress_display> display_;
};

}  // namespace skep::cli
