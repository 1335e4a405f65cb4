// SPDX-License-Identifier: MIT
// Ctrl-C and SIGTERM stop the running library call through a skep_cancel, so that it can undo what
// it began. A second signal ends the process at once.
#pragma once

#include <skep/skep.hpp>

namespace skep::cli {

class ProgressBar;

// One per process: signal handlers are.
class Interrupt {
  public:
    Interrupt();
    ~Interrupt();
    Interrupt(const Interrupt&) = delete;
    Interrupt& operator=(const Interrupt&) = delete;

    // For every long call. `bar` may be null.
    [[nodiscard]] skep_call_options call_options(ProgressBar* bar = nullptr) const;

    // The signal that came, or 0.
    [[nodiscard]] int signal() const noexcept;

    // Throws SKEP_CANCELLED if a signal came: for loops of short calls.
    void check() const;

  private:
    Cancel cancel_;
};

}  // namespace skep::cli
