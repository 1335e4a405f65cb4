// SPDX-License-Identifier: MIT
// What a read sees: an immutable state of the collection, taken once, needing no lock afterwards.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>

#include "bridge/store.hpp"

namespace skep {

class Publication;

// Snapshots of one era agree on which row a slot is. It ends when the last of them is gone.
class Era {
  public:
    explicit Era(Publication& publication);
    ~Era();
    Era(const Era&) = delete;
    Era& operator=(const Era&) = delete;

  private:
    Publication& publication_;
};

struct Snapshot {
    std::uint64_t generation = 1;  // grows with every change
    std::uint64_t num_slots = 0;
    std::uint64_t num_rows = 0;            // slots that are not erased
    std::uint64_t num_payload_slots = 0;   // slots that may have a payload
    std::uint64_t num_erasable_slots = 0;  // slots that the erase log knows
    std::uint64_t next_u64_key = 0;        // number of the next row without a key
    std::uint64_t key_bytes = 0;           // host memory, for the figures
    std::uint64_t payload_bytes = 0;
    std::shared_ptr<const Mask> mask;  // null: nothing is erased
    std::shared_ptr<const Era> era;
};
using SnapshotRef = std::shared_ptr<const Snapshot>;

// The current snapshot. Many readers; one writer at a time.
class Publication {
  public:
    // Waits while reads are held back.
    [[nodiscard]] SnapshotRef read() const;

    void publish(SnapshotRef next) noexcept;

    // Reads that begin from now on wait until the next publish; returns when running ones are done.
    // `next_era` is the one that will be published and counts as alive.
    void hold_back_reads() noexcept;
    // Returns when no read of an earlier era is running; new reads go on.
    void wait_for_earlier_eras() noexcept;

  private:
    friend class Era;

    mutable std::mutex mutex_;
    mutable std::condition_variable reads_go_on_;
    std::condition_variable era_ended_;
    std::uint64_t num_eras_ = 0;
    SnapshotRef current_;  // null: reads are held back
};

}  // namespace skep
