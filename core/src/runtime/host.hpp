// SPDX-License-Identifier: MIT
// What libskep lends to backends, and uses itself: log, counted memory, worker threads. Every
// loaded backend shares ownership, so that the services outlive its last call (HOST-3).
#pragma once

#include <skep/host_services.h>

#include <atomic>
#include <cstdint>

#include "runtime/log_sink.hpp"
#include "runtime/worker_pool.hpp"

namespace skep {

class Host {
  public:
    Host(LogSink log, std::uint32_t num_workers);
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;

    [[nodiscard]] const skep_host_services& services() const { return services_; }
    [[nodiscard]] const LogSink& log() const { return log_; }
    [[nodiscard]] WorkerPool& workers() { return workers_; }

    // What backends hold through allocate at this moment.
    [[nodiscard]] std::uint64_t allocated_bytes() const { return allocated_bytes_; }
    [[nodiscard]] std::uint64_t num_allocations() const { return num_allocations_; }

  private:
    void* allocate(std::uint64_t size, std::uint64_t alignment) noexcept;
    void deallocate(void* pointer, std::uint64_t size, std::uint64_t alignment) noexcept;

    LogSink log_;
    WorkerPool workers_;
    std::atomic<std::uint64_t> allocated_bytes_{0};
    std::atomic<std::uint64_t> num_allocations_{0};
    skep_host_services services_{};
};

}  // namespace skep
