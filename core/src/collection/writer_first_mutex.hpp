// SPDX-License-Identifier: MIT
// A shared mutex under which a stream of readers cannot keep a writer out for ever, as
// std::shared_mutex on Linux lets them.
#pragma once

#include <mutex>
#include <shared_mutex>

namespace skep {

// Usable with std::unique_lock and std::shared_lock.
class WriterFirstMutex {
  public:
    void lock() {
        const std::lock_guard<std::mutex> entrance(entrance_);
        mutex_.lock();  // readers who come now wait at the entrance
    }
    void unlock() { mutex_.unlock(); }

    void lock_shared() {
        const std::lock_guard<std::mutex> entrance(entrance_);
        mutex_.lock_shared();
    }
    void unlock_shared() { mutex_.unlock_shared(); }

  private:
    std::mutex entrance_;
    std::shared_mutex mutex_;
};

}  // namespace skep
