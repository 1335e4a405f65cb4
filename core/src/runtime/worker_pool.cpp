// SPDX-License-Identifier: MIT
// The queue's mutex and the job's counters already order what workers see; and the thread sanitizer
// does not follow fences.
#define BOOST_ASIO_DISABLE_FENCED_BLOCK
#include "runtime/worker_pool.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstdint>
#include <exception>
#include <memory>
#include <thread>
#include <vector>

#include "runtime/process_environment.hpp"

namespace skep {
namespace {

// One call of parallel_for. Shared with workers that may look at it after the call has returned;
// those find no task left and touch nothing else.
struct ParallelJob {
    ParallelJob(std::uint64_t num_tasks_, skep_task_fn task_, void* context_)
        : num_tasks(num_tasks_), task(task_), context(context_) {}

    const std::uint64_t num_tasks;
    const skep_task_fn task;
    void* const context;
    std::atomic<std::uint64_t> next_task{0};
    std::atomic<std::uint32_t> next_worker{1};  // 0 is the caller
    std::atomic<std::uint32_t> num_joined{0};   // workers that may be inside a task

    void run_tasks(std::uint32_t worker_id) {
        // Release and acquire: whoever sees the counter past the end also sees who has joined.
        for (std::uint64_t task_id = next_task.fetch_add(1, std::memory_order_acq_rel);
             task_id < num_tasks; task_id = next_task.fetch_add(1, std::memory_order_acq_rel)) {
            task(context, task_id, worker_id);
        }
    }

    void join_as_worker() {
        num_joined.fetch_add(1, std::memory_order_acq_rel);
        if (next_task.load(std::memory_order_acquire) < num_tasks) {
            run_tasks(next_worker.fetch_add(1, std::memory_order_relaxed));
        }
        if (num_joined.fetch_sub(1, std::memory_order_acq_rel) == 1) num_joined.notify_all();
    }

    void wait_for_workers() const {
        for (std::uint32_t joined = num_joined.load(std::memory_order_acquire); joined != 0;
             joined = num_joined.load(std::memory_order_acquire)) {
            num_joined.wait(joined, std::memory_order_acquire);
        }
    }
};

}  // namespace

// The pool's own threads cannot be had one by one: if the system refuses one of many, its
// constructor waits for ever for the others. So the threads are ours and are lent to the pool.
struct WorkerPool::Threads {
    explicit Threads(std::uint32_t count) : process(current_process_id()), pool(0) {
        const ScopedSignalBlock no_signals_on_workers;
        threads.reserve(count);
        try {
            while (threads.size() < count)
                threads.emplace_back([this] { pool.attach(); });
        } catch (const std::exception&) {
            // Fewer workers than asked for, whether threads or memory ran out: parallel work is an
            // offer. Let through, it would destroy the threads started so far unjoined.
        }
    }
    ~Threads() {
        pool.stop();
        for (std::thread& thread : threads)
            thread.join();
    }
    Threads(const Threads&) = delete;
    Threads& operator=(const Threads&) = delete;

    // A child of fork has this object but not its threads.
    [[nodiscard]] bool belong_here() const {
        return !threads.empty() && process == current_process_id();
    }

    const std::uint64_t process;
    boost::asio::thread_pool pool;
    std::vector<std::thread> threads;
};

WorkerPool::WorkerPool(std::uint32_t num_workers) : num_workers_(num_workers) {
}

WorkerPool::~WorkerPool() {
    Threads* const started = threads_.load();
    // In a child of fork the threads cannot be joined: they do not exist. Their memory is left.
    if (started != nullptr && started->process == current_process_id()) delete started;
}

WorkerPool::Threads* WorkerPool::threads() noexcept {
    Threads* started = threads_.load(std::memory_order_acquire);
    if (started == nullptr) {
        const std::lock_guard lock(start_mutex_);
        started = threads_.load(std::memory_order_relaxed);
        if (started == nullptr) {
            try {
                started = new Threads(num_workers_ - 1);
            } catch (const std::exception&) {
                return nullptr;
            }
            threads_.store(started, std::memory_order_release);
        }
    }
    return started->belong_here() ? started : nullptr;
}

void WorkerPool::parallel_for(std::uint64_t num_tasks, skep_task_fn task,
                              void* task_context) noexcept {
    const std::uint64_t num_helpers =
        num_tasks == 0 ? 0 : std::min<std::uint64_t>(num_tasks, num_workers_) - 1;
    Threads* const threads = num_helpers == 0 ? nullptr : this->threads();
    if (threads == nullptr) {
        for (std::uint64_t task_id = 0; task_id < num_tasks; ++task_id) {
            task(task_context, task_id, 0);
        }
        return;
    }
    std::shared_ptr<ParallelJob> job;
    try {
        job = std::make_shared<ParallelJob>(num_tasks, task, task_context);
        for (std::uint64_t helper = 0; helper < num_helpers; ++helper) {
            boost::asio::post(threads->pool, [job] { job->join_as_worker(); });
        }
    } catch (const std::exception&) {
        // Fewer helpers, or none: the tasks below are the caller's anyway.
    }
    if (job == nullptr) {
        for (std::uint64_t task_id = 0; task_id < num_tasks; ++task_id) {
            task(task_context, task_id, 0);
        }
        return;
    }
    job->run_tasks(0);
    job->wait_for_workers();
}

}  // namespace skep
