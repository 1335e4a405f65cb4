// SPDX-License-Identifier: MIT
// The primary context of one device: made current for a scope, shared by everything that lives in
// it, and the judge of what a driver's result means.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <memory>

#include "driver/driver_api.hpp"
#include "host_log.hpp"

namespace skep::cuda {

// The status that a driver's result stands for.
[[nodiscard]] skep_status status_of(CUresult result) noexcept;
// Whether no call on this context can succeed any more.
[[nodiscard]] bool is_device_loss(CUresult result) noexcept;

class Context {
  public:
    // Retains the primary context; throws Error.
    Context(std::shared_ptr<const DriverApi> api, CUdevice device, HostLog log);
    ~Context();
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;

    [[nodiscard]] const DriverApi& api() const { return *api_; }
    [[nodiscard]] CUdevice device() const { return device_; }
    [[nodiscard]] CUcontext handle() const { return handle_; }
    [[nodiscard]] const HostLog& log() const { return log_; }

    // Throws when the result is not success: "<operation>: <driver's name and text>".
    void check(CUresult result, const char* operation) const;
    // For destructors: logs a failure, notes a driver that is shut down, never throws.
    void note(CUresult result, const char* operation) const noexcept;

    // Throws unless calls can be made: same process, device not lost, driver not shut down.
    void require_usable(const char* operation) const;
    [[nodiscard]] bool is_usable() const noexcept;

    struct Memory {
        std::uint64_t free_bytes;
        std::uint64_t total_bytes;
    };
    [[nodiscard]] Memory memory() const;

  private:
    std::shared_ptr<const DriverApi> api_;
    CUdevice device_;
    CUcontext handle_ = nullptr;
    HostLog log_;
    pid_t process_;
    mutable std::atomic<bool> is_lost_{false};
};

// Makes the context current until the end of the scope. Scopes of one thread nest.
class ScopedContext {
  public:
    // Throws when the context cannot be used.
    ScopedContext(const Context& context, const char* operation);
    // For destructors: is_current() says whether it worked.
    explicit ScopedContext(const Context& context) noexcept;
    ~ScopedContext();
    ScopedContext(const ScopedContext&) = delete;
    ScopedContext& operator=(const ScopedContext&) = delete;

    [[nodiscard]] bool is_current() const { return is_current_; }

  private:
    const Context& context_;
    const ScopedContext* outer_;
    bool is_current_ = false;
    bool is_pushed_ = false;
};

}  // namespace skep::cuda
