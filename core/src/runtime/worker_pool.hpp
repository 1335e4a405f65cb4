// SPDX-License-Identifier: MIT
// Worker threads behind skep_host_services.parallel_for.
//
// Each call hands out its tasks from one counter. The caller takes tasks itself, workers that
// happen to be free join in, and the caller waits only for workers that have joined: so a call
// makes progress when every worker is busy, and calls may nest. Threads start with the first call
// that has something to share; a process that forks before has none to lose, and one that forks
// afterwards runs on in the child with the calling thread alone.
#pragma once

#include <skep/host_services.h>

#include <atomic>
#include <cstdint>
#include <mutex>

namespace skep {

class WorkerPool {
  public:
    // `num_workers` counts the calling thread; at least 1.
    explicit WorkerPool(std::uint32_t num_workers);
    ~WorkerPool();
    WorkerPool(const WorkerPool&) = delete;
    WorkerPool& operator=(const WorkerPool&) = delete;

    [[nodiscard]] std::uint32_t num_workers() const { return num_workers_; }
    [[nodiscard]] bool has_started() const { return threads_.load() != nullptr; }

    // Returns when every task has run. Worker ids are below num_workers() and unique among the
    // threads of this call. Runs on the calling thread alone when no thread can be had.
    void parallel_for(std::uint64_t num_tasks, skep_task_fn task, void* task_context) noexcept;

  private:
    struct Threads;

    // The threads, started now if need be; null when they cannot be had.
    Threads* threads() noexcept;

    const std::uint32_t num_workers_;
    std::mutex start_mutex_;
    std::atomic<Threads*> threads_{nullptr};  // owned
};

}  // namespace skep
