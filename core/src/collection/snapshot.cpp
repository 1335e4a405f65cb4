// SPDX-License-Identifier: MIT
#include "collection/snapshot.hpp"

namespace skep {

Era::Era(Publication& publication) : publication_(publication) {
    const std::lock_guard<std::mutex> lock(publication_.mutex_);
    ++publication_.num_eras_;
}

Era::~Era() {
    const std::lock_guard<std::mutex> lock(publication_.mutex_);
    --publication_.num_eras_;
    publication_.era_ended_.notify_all();
}

SnapshotRef Publication::read() const {
    std::unique_lock<std::mutex> lock(mutex_);
    while (!current_)
        reads_go_on_.wait(lock);
    return current_;
}

void Publication::publish(SnapshotRef next) noexcept {
    // The earlier snapshot, now in `next`, is dropped after the lock: its era may end with it.
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!current_) reads_go_on_.notify_all();
    current_.swap(next);
}

void Publication::hold_back_reads() noexcept {
    SnapshotRef earlier;
    std::unique_lock<std::mutex> lock(mutex_);
    current_.swap(earlier);
    lock.unlock();
    earlier.reset();
    wait_for_earlier_eras();
}

void Publication::wait_for_earlier_eras() noexcept {
    std::unique_lock<std::mutex> lock(mutex_);
    while (num_eras_ > 1)
        era_ended_.wait(lock);
}

}  // namespace skep
