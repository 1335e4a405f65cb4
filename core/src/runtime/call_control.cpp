// SPDX-License-Identifier: MIT
#include "runtime/call_control.hpp"

#include <cstdint>
#include <string>

#include "skep/common/struct_copy.hpp"

namespace skep {
namespace {

using Clock = std::chrono::steady_clock;

// Progress is for eyes: fifty calls a second at most.
constexpr std::int64_t kProgressSpacingNs = 20'000'000;

std::int64_t nanoseconds(Clock::time_point time) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

// Saturates: a timeout of centuries is no timeout.
Clock::time_point deadline_after(std::uint64_t timeout_ns) {
    const Clock::time_point now = Clock::now();
    const auto remaining =
        std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::time_point::max() - now);
    if (timeout_ns >= static_cast<std::uint64_t>(remaining.count())) {
        return Clock::time_point::max();
    }
    return now + std::chrono::duration_cast<Clock::duration>(
                     std::chrono::nanoseconds(static_cast<std::int64_t>(timeout_ns)));
}

}  // namespace

Result<std::unique_ptr<CallControl>> CallControl::create(const skep_call_options* options) {
    std::unique_ptr<CallControl> control(new CallControl());
    if (options == nullptr) return control;
    constexpr std::size_t kFloor = SKEP_SIZE_THROUGH(skep_call_options, timeout_ns);
    const skep_call_options read = read_struct(options);
    if (read.struct_size < kFloor) {
        return Error(SKEP_INVALID_ARGUMENT,
                     "call options: struct_size is " + std::to_string(read.struct_size) +
                         "; expected at least " + std::to_string(kFloor),
                     SKEP_LAYER_CLIENT);
    }
    if (read.reserved != 0) {
        return Error(SKEP_INVALID_ARGUMENT,
                     "call options: reserved is " + std::to_string(read.reserved) + "; expected 0",
                     SKEP_LAYER_CLIENT);
    }
    if (read.timeout_ns != 0) control->deadline_ = deadline_after(read.timeout_ns);
    if (read.cancel != nullptr) control->cancel_ = read.cancel->flag;
    control->progress_ = read.progress;
    control->user_data_ = read.user_data;
    control->is_active_ =
        read.timeout_ns != 0 || read.cancel != nullptr || read.progress != nullptr;
    control->call_.struct_size = sizeof(skep_call);
    control->call_.context = control.get();
    control->call_.poll = [](void* context, std::uint64_t done, std::uint64_t total) {
        return static_cast<CallControl*>(context)->poll(done, total);
    };
    return control;
}

skep_status CallControl::poll(std::uint64_t done, std::uint64_t total) {
    if (!is_active_) return SKEP_OK;
    if (cancel_ != nullptr && cancel_->triggered.load(std::memory_order_relaxed)) {
        return SKEP_CANCELLED;
    }
    if (cancelled_by_progress_.load(std::memory_order_relaxed)) return SKEP_CANCELLED;
    if (deadline_ == Clock::time_point::max() && progress_ == nullptr) return SKEP_OK;

    const Clock::time_point now = Clock::now();
    if (now >= deadline_) return SKEP_DEADLINE_EXCEEDED;
    if (progress_ == nullptr ||
        nanoseconds(now) < next_progress_ns_.load(std::memory_order_relaxed)) {
        return SKEP_OK;
    }
    // Whoever finds the callback busy has nothing newer to say.
    const std::unique_lock lock(progress_mutex_, std::try_to_lock);
    if (!lock.owns_lock()) return SKEP_OK;
    if (nanoseconds(now) < next_progress_ns_.load(std::memory_order_relaxed)) return SKEP_OK;
    next_progress_ns_.store(nanoseconds(now) + kProgressSpacingNs, std::memory_order_relaxed);
    if (progress_(user_data_, done, total) == 0) return SKEP_OK;
    cancelled_by_progress_.store(true, std::memory_order_relaxed);
    return SKEP_CANCELLED;
}

Result<void> CallControl::check(const char* operation, std::uint64_t done, std::uint64_t total) {
    const skep_status status = poll(done, total);
    if (status == SKEP_OK) return {};
    std::string text = operation;
    text += status == SKEP_CANCELLED ? ": cancelled" : ": deadline exceeded";
    if (total != 0) text += " after " + std::to_string(done) + " of " + std::to_string(total);
    return Error(status, text);
}

}  // namespace skep
