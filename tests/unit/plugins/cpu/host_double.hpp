// SPDX-License-Identifier: MIT
// A host for tests of a backend: counts memory, fails allocation number n, runs tasks on threads.
#pragma once

#include <skep/host_services.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <thread>
#include <vector>

namespace skep::testing {

class HostDouble {
  public:
    explicit HostDouble(std::uint32_t num_workers = 1) : num_workers_(num_workers) {
        services_.struct_size = sizeof services_;
        services_.context = this;
        services_.log_enabled = [](void*, std::int32_t) -> std::int32_t { return 0; };
        services_.log = [](void*, std::int32_t, const char*, const char*) {};
        services_.allocate = [](void* context, std::uint64_t size, std::uint64_t alignment) {
            return static_cast<HostDouble*>(context)->allocate(size, alignment);
        };
        services_.deallocate = [](void* context, void* pointer, std::uint64_t size, std::uint64_t) {
            if (pointer == nullptr) return;
            static_cast<HostDouble*>(context)->bytes_in_use -= size;
            std::free(pointer);
        };
        services_.num_workers = [](void* context) {
            return static_cast<HostDouble*>(context)->num_workers_;
        };
        services_.parallel_for = [](void* context, std::uint64_t num_tasks, skep_task_fn task,
                                    void* task_context) {
            static_cast<HostDouble*>(context)->parallel_for(num_tasks, task, task_context);
        };
    }
    HostDouble(const HostDouble&) = delete;
    HostDouble& operator=(const HostDouble&) = delete;

    [[nodiscard]] const skep_host_services& services() const { return services_; }

    // Allocations before the one that fails; negative: none fails.
    std::atomic<std::int64_t> allocations_before_failure{-1};
    std::atomic<std::uint64_t> num_allocations{0};
    std::atomic<std::uint64_t> bytes_in_use{0};

  private:
    void* allocate(std::uint64_t size, std::uint64_t alignment) {
        ++num_allocations;
        if (allocations_before_failure.load() >= 0 && allocations_before_failure.fetch_sub(1) == 0)
            return nullptr;
        void* pointer =
            std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
        if (pointer != nullptr) bytes_in_use += size;
        return pointer;
    }

    void parallel_for(std::uint64_t num_tasks, skep_task_fn task, void* task_context) const {
        std::atomic<std::uint64_t> next{0};
        std::vector<std::thread> threads;
        for (std::uint32_t worker = 0; worker < num_workers_; ++worker) {
            threads.emplace_back([&, worker] {
                for (std::uint64_t id = next++; id < num_tasks; id = next++)
                    task(task_context, id, worker);
            });
        }
        for (std::thread& thread : threads)
            thread.join();
    }

    std::uint32_t num_workers_;
    skep_host_services services_{};
};

}  // namespace skep::testing
