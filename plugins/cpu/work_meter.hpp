// SPDX-License-Identifier: MIT
// Progress of one call and the way to stop it, shared by all of its tasks.
#pragma once

#include <skep/host_services.h>

#include <atomic>
#include <cstdint>

#include "skep/plugin_support/guard.hpp"

namespace skep::cpu {

class WorkMeter {
  public:
    // `call` may be null. total: all units of work of the call.
    WorkMeter(const skep_call* call, std::uint64_t total) : call_(call), total_(total) {}

    // Counts work as done and asks the host; false when to give up. Any thread.
    bool advance(std::uint64_t units) noexcept {
        const std::uint64_t done = done_.fetch_add(units, std::memory_order_relaxed) + units;
        if (call_ != nullptr && status_.load(std::memory_order_relaxed) == SKEP_OK) {
            const skep_status answer = call_->poll(call_->context, done, total_);
            if (answer != SKEP_OK) stop(answer);
        }
        return status_.load(std::memory_order_relaxed) == SKEP_OK;
    }

    // Ends the call with a status; the first one wins.
    void stop(skep_status status) noexcept {
        skep_status expected = SKEP_OK;
        status_.compare_exchange_strong(expected, status, std::memory_order_relaxed);
    }

    [[nodiscard]] skep_status status() const { return status_.load(std::memory_order_relaxed); }

    // Throws the Error of a stopped call.
    void check(const char* operation) const {
        const skep_status status = this->status();
        if (status == SKEP_OK) return;
        const char* reason = status == SKEP_CANCELLED           ? ": cancelled"
                             : status == SKEP_DEADLINE_EXCEEDED ? ": the deadline has passed"
                                                                : ": given up by the host";
        throw plugin::backend_error(status, std::string(operation) + reason);
    }

  private:
    const skep_call* call_;
    std::uint64_t total_;
    std::atomic<std::uint64_t> done_{0};
    std::atomic<skep_status> status_{SKEP_OK};
};

// Multiply-adds between two polls: 3 ms in the plain code, a fraction of that elsewhere.
inline constexpr std::uint64_t kWorkBetweenPolls = std::uint64_t{1} << 22U;

// Counts the work of one task and advances the shared meter now and then.
class TaskMeter {
  public:
    explicit TaskMeter(WorkMeter& shared) : shared_(shared) {}
    ~TaskMeter() { shared_.advance(pending_); }
    TaskMeter(const TaskMeter&) = delete;
    TaskMeter& operator=(const TaskMeter&) = delete;

    // False when to give up. units: of the total. work: multiply-adds, to space out the polls.
    bool advance(std::uint64_t units, std::uint64_t work) {
        pending_ += units;
        since_poll_ += work;
        if (since_poll_ < kWorkBetweenPolls) return true;
        since_poll_ = 0;
        const std::uint64_t units_done = pending_;
        pending_ = 0;
        return shared_.advance(units_done);
    }

  private:
    WorkMeter& shared_;
    std::uint64_t pending_ = 0;
    std::uint64_t since_poll_ = 0;
};

}  // namespace skep::cpu
