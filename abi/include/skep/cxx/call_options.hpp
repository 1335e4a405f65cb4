// SPDX-License-Identifier: MIT
// How a long call may be stopped and watched.
//
//     skep::CallOptions call;
//     call.timeout = std::chrono::seconds(2);
//     call.progress = [](std::uint64_t done, std::uint64_t total) { return show(done, total); };
//     collection.save("rows.skep", call).value();
#pragma once

#include <skep/skep.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

#include "skep/cxx/call.hpp"

namespace skep {
inline namespace cxx {

// A switch that stops running calls from another thread.
class Cancel {
  public:
    static Result<Cancel> create() {
        skep_cancel *handle = nullptr;
        const Result<void> made = detail::call(skep_cancel_create, &handle);
        if (!made) return made.error();
        return Cancel(handle);
    }
    void trigger() noexcept { skep_cancel_trigger(handle_.get()); }
    void reset() noexcept { skep_cancel_reset(handle_.get()); }
    [[nodiscard]] skep_cancel *get() const noexcept { return handle_.get(); }

  private:
    explicit Cancel(skep_cancel *handle) : handle_(handle) {}
    detail::Owned<skep_cancel, skep_cancel_destroy> handle_;
};

struct CallOptions {
    CallOptions() = default;
    // A borrowed C struct in place of the fields below.
    CallOptions(const skep_call_options *borrowed) noexcept : plain(borrowed) {}

    std::optional<std::chrono::nanoseconds> timeout;  // from the call on; 0 or less has passed
    const Cancel *cancel = nullptr;                   // borrowed
    // Done of total units; false stops the call, and so does an exception. See skep_call_options
    // for the threads.
    std::function<bool(std::uint64_t done, std::uint64_t total)> progress;
    const skep_call_options *plain = nullptr;
};

namespace detail {

// CallOptions as C takes them, for one call.
class CallArgument {
  public:
    explicit CallArgument(const CallOptions &options) : options_(options) {
        if (options.timeout) {
            plain_.timeout_ns =
                static_cast<std::uint64_t>(std::max<std::int64_t>(options.timeout->count(), 1));
        }
        if (options.cancel != nullptr) plain_.cancel = options.cancel->get();
        if (options.progress) {
            plain_.progress = &ask;
            plain_.user_data = const_cast<CallOptions *>(&options_);
        }
    }
    CallArgument(const CallArgument &) = delete;
    CallArgument &operator=(const CallArgument &) = delete;

    [[nodiscard]] const skep_call_options *get() const noexcept {
        if (options_.plain != nullptr) return options_.plain;
        const bool is_asked = options_.timeout || options_.cancel != nullptr || options_.progress;
        return is_asked ? &plain_ : nullptr;
    }

  private:
    static std::int32_t ask(void *user_data, std::uint64_t done, std::uint64_t total) noexcept {
        try {
            return static_cast<const CallOptions *>(user_data)->progress(done, total) ? 0 : 1;
        } catch (...) {
            return 1;  // nothing may be thrown through C
        }
    }

    const CallOptions &options_;
    skep_call_options plain_ = SKEP_CALL_OPTIONS_INIT;
};

}  // namespace detail
}  // namespace cxx
}  // namespace skep
