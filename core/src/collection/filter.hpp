// SPDX-License-Identifier: MIT
// Which rows a search may answer with: keys from the caller, turned into a bitmap over slots for
// each state of the collection.
#pragma once

#include <skep/backend.h>
#include <skep/skep.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "collection/key_batch.hpp"
#include "collection/key_table.hpp"
#include "collection/snapshot.hpp"

namespace skep {

class Collection;

// One bit per slot of one snapshot.
struct SlotBitmap {
    std::uint64_t generation = 0;
    std::vector<std::uint64_t> words;
    skep_bitmap view{};
};

// Usable from any thread.
class Filter {
  public:
    // Copies the keys. mode: SKEP_FILTER_ALLOW or SKEP_FILTER_DENY.
    Filter(std::shared_ptr<Collection> collection, std::int32_t mode, const KeyBatch& keys);

    [[nodiscard]] const Collection* collection() const { return collection_.get(); }

    struct Resolved {
        SnapshotRef snapshot;
        std::shared_ptr<const SlotBitmap> bitmap;
    };
    // The current snapshot and the bitmap that belongs to it. The caller holds no snapshot of its
    // own: compaction may be waiting for that one with the lookups locked.
    [[nodiscard]] Resolved resolve(const KeyTable& keys, const Publication& publication) const;

  private:
    [[nodiscard]] std::shared_ptr<const SlotBitmap> build(const KeyTable& keys,
                                                          const Snapshot& snapshot) const;
    [[nodiscard]] KeyBatch keys() const;

    std::shared_ptr<Collection> collection_;
    std::int32_t mode_;
    std::vector<std::uint64_t> u64_keys_;
    std::vector<std::uint64_t> key_offsets_;
    std::string key_bytes_;

    mutable std::mutex mutex_;  // guards bitmap_
    mutable std::shared_ptr<const SlotBitmap> bitmap_;
};

}  // namespace skep

// The C handle.
struct skep_filter {
    std::shared_ptr<skep::Filter> filter;
};
