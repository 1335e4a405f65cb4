// SPDX-License-Identifier: MIT
// The application's skep_call_options as the skep_call that backends and our own loops poll.
#pragma once

#include <skep/host_services.h>
#include <skep/skep.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>

#include "skep/result.hpp"

namespace skep {

// Shared by the handle and by running calls, so that the handle may be destroyed first.
struct CancelFlag {
    std::atomic<bool> triggered{false};
};

// Lives on the stack of one API call. poll() may be called from any thread.
class CallControl {
  public:
    // `options` may be null. Fails on a struct that is too short or has reserved fields set.
    static Result<std::unique_ptr<CallControl>> create(const skep_call_options* options);

    // What to hand to a backend; null when nothing can stop or watch the call.
    [[nodiscard]] const skep_call* call() const { return is_active_ ? &call_ : nullptr; }

    // SKEP_OK, SKEP_CANCELLED or SKEP_DEADLINE_EXCEEDED. Progress callbacks are spaced out and
    // never overlap.
    skep_status poll(std::uint64_t done, std::uint64_t total);

    // poll as a Result whose message names the operation.
    Result<void> check(const char* operation, std::uint64_t done, std::uint64_t total);

  private:
    CallControl() = default;

    bool is_active_ = false;
    skep_call call_{};
    std::shared_ptr<CancelFlag> cancel_;
    std::chrono::steady_clock::time_point deadline_ = std::chrono::steady_clock::time_point::max();
    int32_t (*progress_)(void*, uint64_t, uint64_t) = nullptr;
    void* user_data_ = nullptr;
    std::mutex progress_mutex_;
    std::atomic<std::int64_t> next_progress_ns_{0};
    std::atomic<bool> cancelled_by_progress_{false};
};

}  // namespace skep

// The C handle.
struct skep_cancel {
    std::shared_ptr<skep::CancelFlag> flag;
};
