// SPDX-License-Identifier: MIT
#include "support/progress_bar.hpp"

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <utility>

#include "support/posix_process.hpp"

namespace skep::cli {
namespace {

constexpr unsigned long kNumSteps = 1000;
constexpr std::chrono::milliseconds kDelay{300};

}  // namespace

ProgressBar::ProgressBar(std::string title)
    : title_(std::move(title)),
      is_shown_(stderr_is_terminal()),
      begin_(std::chrono::steady_clock::now()) {
}

ProgressBar::~ProgressBar() {
    // A stopped call leaves the bar half-way; what follows begins on a line of its own.
    if (display_ && display_->count() < kNumSteps) std::cerr << '\n';
}

void ProgressBar::update(std::uint64_t done, std::uint64_t total) {
    if (!is_shown_ || total == 0) return;
    if (!display_) {
        if (std::chrono::steady_clock::now() - begin_ < kDelay) return;
        display_.emplace(kNumSteps, std::cerr, title_ + "\n");
    }
    const double share = static_cast<double>(std::min(done, total)) / static_cast<double>(total);
    const auto step = static_cast<unsigned long>(share * static_cast<double>(kNumSteps));
    // A call that works in several passes may begin to count anew: the bar only grows.
    if (step > display_->count()) *display_ += step - display_->count();
}

}  // namespace skep::cli
