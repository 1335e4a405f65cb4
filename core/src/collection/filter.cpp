// SPDX-License-Identifier: MIT
#include "collection/filter.hpp"

#include <cstdint>
#include <shared_mutex>
#include <utility>

namespace skep {

Filter::Filter(std::shared_ptr<Collection> collection, std::int32_t mode, const KeyBatch& keys)
    : collection_(std::move(collection)), mode_(mode) {
    if (keys.kind() == SKEP_KEY_U64) {
        u64_keys_.reserve(keys.count());
        for (std::uint64_t position = 0; position < keys.count(); ++position) {
            u64_keys_.push_back(keys.u64(position));
        }
        return;
    }
    key_offsets_.reserve(keys.count() + 1);
    key_offsets_.push_back(0);
    for (std::uint64_t position = 0; position < keys.count(); ++position) {
        key_bytes_.append(keys.string(position));
        key_offsets_.push_back(key_bytes_.size());
    }
}

KeyBatch Filter::keys() const {
    return key_offsets_.empty() ? KeyBatch::checked_u64(u64_keys_)
                                : KeyBatch::checked_strings(key_offsets_, key_bytes_.data());
}

Filter::Resolved Filter::resolve(const KeyTable& keys, const Publication& publication) const {
    {
        SnapshotRef snapshot = publication.read();
        const std::lock_guard<std::mutex> lock(mutex_);
        if (bitmap_ && bitmap_->generation == snapshot->generation) return {snapshot, bitmap_};
    }
    // Lookups and snapshot are taken together, so that they agree on every key.
    const std::shared_lock<WriterFirstMutex> lookups(keys.mutex());
    SnapshotRef snapshot = publication.read();
    std::shared_ptr<const SlotBitmap> bitmap = build(keys, *snapshot);
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!bitmap_ || bitmap_->generation < bitmap->generation) bitmap_ = bitmap;
    return {std::move(snapshot), std::move(bitmap)};
}

std::shared_ptr<const SlotBitmap> Filter::build(const KeyTable& table,
                                                const Snapshot& snapshot) const {
    const bool is_deny = mode_ == SKEP_FILTER_DENY;
    auto bitmap = std::make_shared<SlotBitmap>();
    bitmap->generation = snapshot.generation;
    bitmap->words.assign((snapshot.num_slots + 63) / 64, is_deny ? ~std::uint64_t{0} : 0);
    const KeyBatch batch = keys();
    for (std::uint64_t position = 0; position < batch.count(); ++position) {
        const std::uint32_t slot = table.find(batch, position);
        if (slot >= snapshot.num_slots) continue;  // no row, or not one of this snapshot
        const std::uint64_t bit = std::uint64_t{1} << (slot % 64);
        std::uint64_t& word = bitmap->words[slot / 64];
        word = is_deny ? word & ~bit : word | bit;
    }
    bitmap->view = {sizeof(skep_bitmap), 0, snapshot.num_slots, bitmap->words.data()};
    return bitmap;
}

}  // namespace skep
