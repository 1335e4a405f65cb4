// SPDX-License-Identifier: MIT
// The thread on which calls of the main thread run that may be long. It is kept between calls: a
// new one each time would begin with cold memory, 70 us more for a batch of 1 000 queries.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>

namespace skep::python {

class CallThread {
  public:
    // That of this process: started when first asked for, never ended, anew in a child of fork.
    // NULL if the system has no more threads. For the main thread alone.
    static CallThread* of_process();

    // False if it is at work, as when a signal handler makes a call while one waits.
    bool start(const std::function<void()>& job);
    // Whether the job that was started is done, waiting for it up to `limit`. The job must be
    // waited for until it is.
    bool wait_for(std::chrono::milliseconds limit);

  private:
    void work();

    std::mutex mutex_;
    std::condition_variable has_job_;
    std::condition_variable is_done_;
    const std::function<void()>* job_ = nullptr;
};

}  // namespace skep::python
