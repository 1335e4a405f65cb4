// SPDX-License-Identifier: MIT
#include "runtime/worker_pool.hpp"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

namespace skep {
namespace {

using Task = std::function<void(std::uint64_t, std::uint32_t)>;

void run(WorkerPool& pool, std::uint64_t num_tasks, Task task) {
    pool.parallel_for(
        num_tasks,
        [](void* context, std::uint64_t task_id, std::uint32_t worker_id) {
            (*static_cast<Task*>(context))(task_id, worker_id);
        },
        &task);
}

TEST(WorkerPool, RunsEachTaskOnce) {
    WorkerPool pool(4);
    for (const std::uint64_t num_tasks : {0U, 1U, 2U, 3U, 4U, 5U, 1000U}) {
        std::vector<std::atomic<int>> runs(num_tasks);
        run(pool, num_tasks, [&](std::uint64_t task_id, std::uint32_t) { ++runs[task_id]; });
        for (const std::atomic<int>& count : runs)
            EXPECT_EQ(count, 1);
    }
}

TEST(WorkerPool, NoTwoTasksRunAtOnceUnderOneWorkerId) {
    WorkerPool pool(8);
    for (int round = 0; round < 50; ++round) {
        std::vector<std::atomic<int>> busy(pool.num_workers());
        std::atomic<int> num_clashes{0};
        run(pool, 200, [&](std::uint64_t, std::uint32_t worker_id) {
            ASSERT_LT(worker_id, busy.size());
            if (busy[worker_id].fetch_add(1) != 0) ++num_clashes;
            std::this_thread::yield();
            --busy[worker_id];
        });
        EXPECT_EQ(num_clashes, 0);
    }
}

TEST(WorkerPool, StartsNoThreadBeforeThereIsSomethingToShare) {
    WorkerPool pool(4);
    EXPECT_FALSE(pool.has_started());
    run(pool, 1, [](std::uint64_t, std::uint32_t worker_id) { EXPECT_EQ(worker_id, 0U); });
    EXPECT_FALSE(pool.has_started());
    run(pool, 2, [](std::uint64_t, std::uint32_t) {});
    EXPECT_TRUE(pool.has_started());
}

TEST(WorkerPool, OneWorkerIsTheCaller) {
    WorkerPool pool(1);
    const std::thread::id caller = std::this_thread::get_id();
    run(pool, 100, [&](std::uint64_t, std::uint32_t worker_id) {
        EXPECT_EQ(worker_id, 0U);
        EXPECT_EQ(std::this_thread::get_id(), caller);
    });
    EXPECT_FALSE(pool.has_started());
}

TEST(WorkerPool, WorkersTakePart) {
    WorkerPool pool(2);
    std::atomic<bool> has_helper{false};
    // The caller's first task waits for a worker to run the other one.
    run(pool, 2, [&](std::uint64_t, std::uint32_t worker_id) {
        if (worker_id != 0) has_helper = true;
        const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (!has_helper && std::chrono::steady_clock::now() < limit)
            std::this_thread::yield();
    });
    EXPECT_TRUE(has_helper);
}

TEST(WorkerPool, CallsNest) {
    WorkerPool pool(3);
    std::atomic<int> count{0};
    run(pool, 10, [&](std::uint64_t, std::uint32_t) {
        run(pool, 10, [&](std::uint64_t, std::uint32_t) {
            run(pool, 10, [&](std::uint64_t, std::uint32_t) { ++count; });
        });
    });
    EXPECT_EQ(count, 1000);
}

TEST(WorkerPool, ManyCallersShareIt) {
    WorkerPool pool(3);
    std::vector<std::thread> callers;
    std::atomic<int> count{0};
    for (int caller = 0; caller < 8; ++caller) {
        callers.emplace_back([&] {
            for (int round = 0; round < 100; ++round) {
                run(pool, 17, [&](std::uint64_t, std::uint32_t) { ++count; });
            }
        });
    }
    for (std::thread& caller : callers)
        caller.join();
    EXPECT_EQ(count, 8 * 100 * 17);
}

// All workers stand still inside another call's tasks; this one must not wait for them.
TEST(WorkerPool, MakesProgressWhileEveryWorkerIsBusy) {
    WorkerPool pool(3);
    std::atomic<bool> release{false};
    std::atomic<int> num_blocked{0};
    std::thread blocker([&] {
        run(pool, 3, [&](std::uint64_t, std::uint32_t) {
            ++num_blocked;
            while (!release)
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
        });
    });
    while (num_blocked < 3)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));

    std::atomic<int> count{0};
    run(pool, 100, [&](std::uint64_t, std::uint32_t worker_id) {
        EXPECT_EQ(worker_id, 0U);
        ++count;
    });

    EXPECT_EQ(count, 100);
    EXPECT_EQ(num_blocked, 3);
    release = true;
    blocker.join();
}

TEST(WorkerPool, EffectsOfTasksAreVisibleAfterwards) {
    WorkerPool pool(4);
    for (int round = 0; round < 200; ++round) {
        std::vector<std::uint64_t> plain(64);
        run(pool, plain.size(),
            [&](std::uint64_t task_id, std::uint32_t) { plain[task_id] = task_id + 1; });
        for (std::uint64_t task_id = 0; task_id < plain.size(); ++task_id) {
            ASSERT_EQ(plain[task_id], task_id + 1);
        }
    }
}

TEST(WorkerPool, SignalsAreLeftToTheApplicationsThreads) {
    WorkerPool pool(2);
    std::atomic<bool> has_helper{false};
    std::atomic<bool> is_blocked{false};
    run(pool, 2, [&](std::uint64_t, std::uint32_t worker_id) {
        if (worker_id != 0) {
            sigset_t mask;
            pthread_sigmask(SIG_SETMASK, nullptr, &mask);
            is_blocked = sigismember(&mask, SIGTERM) == 1 && sigismember(&mask, SIGINT) == 1;
            has_helper = true;
        }
        const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (!has_helper && std::chrono::steady_clock::now() < limit)
            std::this_thread::yield();
    });
    EXPECT_TRUE(is_blocked);
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    EXPECT_EQ(sigismember(&mask, SIGTERM), 0);
}

// What a child of fork can do: work with the thread it has, and go.
TEST(WorkerPool, AChildOfForkWorksAlone) {
#if defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "the thread sanitizer does not follow a fork of a threaded process";
#endif
    for (const bool is_started_before : {false, true}) {
        auto pool = std::make_unique<WorkerPool>(4);
        if (is_started_before) run(*pool, 8, [](std::uint64_t, std::uint32_t) {});
        const pid_t child = ::fork();
        if (child == 0) {
            ::alarm(20);
            std::atomic<int> count{0};
            run(*pool, 100, [&](std::uint64_t, std::uint32_t) { ++count; });
            pool.reset();
            ::_exit(count == 100 ? 0 : 1);
        }
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << is_started_before;
        std::atomic<int> count{0};
        run(*pool, 100, [&](std::uint64_t, std::uint32_t) { ++count; });
        EXPECT_EQ(count, 100);
    }
}

}  // namespace
}  // namespace skep
