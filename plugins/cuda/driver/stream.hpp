// SPDX-License-Identifier: MIT
// Streams and events as owned handles.
#pragma once

#include <memory>

#include "driver/context.hpp"

namespace skep::cuda {

// Owns one driver object that one call makes and another destroys. The context is current while it
// is made.
template <typename Traits>
class UniqueHandle {
  public:
    using Handle = typename Traits::Handle;

    explicit UniqueHandle(std::shared_ptr<const Context> context) : context_(std::move(context)) {
        context_->check(Traits::create(context_->api(), &handle_), Traits::kCreate);
    }
    ~UniqueHandle() {
        const ScopedContext scope(*context_);
        if (scope.is_current()) {
            context_->note(Traits::destroy(context_->api(), handle_), Traits::kDestroy);
        }
    }
    UniqueHandle(const UniqueHandle&) = delete;
    UniqueHandle& operator=(const UniqueHandle&) = delete;

    [[nodiscard]] Handle get() const { return handle_; }

  private:
    std::shared_ptr<const Context> context_;
    Handle handle_ = nullptr;
};

struct StreamTraits {
    using Handle = CUstream;
    static constexpr const char* kCreate = "cuStreamCreate";
    static constexpr const char* kDestroy = "cuStreamDestroy";
    static CUresult create(const DriverApi& api, Handle* out) {
        // Beside the application's own work on the legacy default stream, not behind it.
        return api.stream_create(out, CU_STREAM_NON_BLOCKING);
    }
    static CUresult destroy(const DriverApi& api, Handle handle) {
        return api.stream_destroy(handle);
    }
};

struct EventTraits {
    using Handle = CUevent;
    static constexpr const char* kCreate = "cuEventCreate";
    static constexpr const char* kDestroy = "cuEventDestroy";
    static CUresult create(const DriverApi& api, Handle* out) {
        return api.event_create(out, CU_EVENT_DISABLE_TIMING);
    }
    static CUresult destroy(const DriverApi& api, Handle handle) {
        return api.event_destroy(handle);
    }
};

using Stream = UniqueHandle<StreamTraits>;
using Event = UniqueHandle<EventTraits>;

}  // namespace skep::cuda
