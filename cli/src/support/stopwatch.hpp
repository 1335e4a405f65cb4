// SPDX-License-Identifier: MIT
// Wall-clock time since it was made.
#pragma once

#include <chrono>

namespace skep::cli {

class Stopwatch {
  public:
    [[nodiscard]] double seconds() const {
        return std::chrono::duration<double>(Clock::now() - begin_).count();
    }

  private:
    using Clock = std::chrono::steady_clock;
    Clock::time_point begin_ = Clock::now();
};

}  // namespace skep::cli
