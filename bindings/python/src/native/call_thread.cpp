// SPDX-License-Identifier: MIT
#include "call_thread.hpp"

#include <sys/types.h>
#include <unistd.h>

#include <memory>
#include <system_error>
#include <thread>

namespace skep::python {

CallThread* CallThread::of_process() {
    // Never destroyed: the thread waits on it until the process has ended.
    static CallThread* instance = nullptr;
    static pid_t process = 0;
    if (instance != nullptr && process == getpid()) return instance;
    auto made = std::make_unique<CallThread>();
    try {
        std::thread(&CallThread::work, made.get()).detach();
    } catch (const std::system_error&) {
        return nullptr;
    }
    instance = made.release();
    process = getpid();
    return instance;
}

bool CallThread::start(const std::function<void()>& job) {
    const std::lock_guard lock(mutex_);
    if (job_ != nullptr) return false;
    job_ = &job;
    has_job_.notify_one();
    return true;
}

bool CallThread::wait_for(std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    return is_done_.wait_for(lock, limit, [this] { return job_ == nullptr; });
}

void CallThread::work() {
    std::unique_lock lock(mutex_);
    while (true) {
        has_job_.wait(lock, [this] { return job_ != nullptr; });
        const std::function<void()>& job = *job_;
        lock.unlock();
        job();
        lock.lock();
        job_ = nullptr;
        is_done_.notify_one();
    }
}

}  // namespace skep::python
