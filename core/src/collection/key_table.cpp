// SPDX-License-Identifier: MIT
#include "collection/key_table.hpp"

#include <fmt/format.h>
#define XXH_INLINE_ALL  // no library of that name at run time
#include <xxhash.h>

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <utility>

#include "collection/validation.hpp"
#include "skep/common/assert.hpp"

namespace skep {
namespace {

// How many keys are entered under one hold of the lock, so that lookups beside a large batch wait
// for a fraction of a millisecond.
constexpr std::uint64_t kKeysPerLock = 4096;

}  // namespace

std::size_t KeyTable::StringHash::operator()(std::string_view key) const noexcept {
    return XXH3_64bits(key.data(), key.size());
}

KeyTable::Staged::Staged(Staged&& other) noexcept
    : table_(std::exchange(other.table_, nullptr)),
      first_slot_(other.first_slot_),
      num_staged_(other.num_staged_),
      next_u64_key_(other.next_u64_key_),
      mark_(other.mark_),
      replaced_(std::move(other.replaced_)),
      replacements_(std::move(other.replacements_)) {
}

KeyTable::Staged::~Staged() {
    if (table_ != nullptr) table_->take_back(*this);
}

std::uint32_t KeyTable::find(const KeyBatch& keys, std::uint64_t position) const {
    if (kind_ == SKEP_KEY_U64) {
        const auto found = contents_->u64_lookup.find(keys.u64(position));
        return found == contents_->u64_lookup.end() ? SKEP_NO_SLOT : found->second;
    }
    const auto found = contents_->string_lookup.find(keys.string(position));
    return found == contents_->string_lookup.end() ? SKEP_NO_SLOT : found->second;
}

std::uint32_t KeyTable::enter(const KeyBatch& keys, std::uint64_t position, std::uint32_t slot) {
    if (kind_ == SKEP_KEY_U64) {
        const auto [entry, is_new] = contents_->u64_lookup.try_emplace(keys.u64(position), slot);
        contents_->u64_of_slot[slot] = entry->first;
        return is_new ? SKEP_NO_SLOT : entry->second;
    }
    const ByteArena::Mark mark = contents_->arena.mark();
    const std::string_view stored = contents_->arena.append(keys.string(position));
    const auto [entry, is_new] = contents_->string_lookup.try_emplace(stored, slot);
    if (!is_new) contents_->arena.roll_back(mark);  // old and new row share the bytes
    contents_->string_of_slot[slot] = {entry->first.data(), entry->first.size()};
    return is_new ? SKEP_NO_SLOT : entry->second;
}

Result<KeyTable::Staged> KeyTable::stage(const char* operation, const KeyBatch& keys,
                                         std::uint64_t first_slot, OnExisting on_existing) {
    const std::uint64_t num_slots = first_slot + keys.count();
    if (kind_ == SKEP_KEY_U64) {
        contents_->u64_of_slot.reserve(num_slots);
    } else {
        contents_->string_of_slot.reserve(num_slots);
    }
    Staged staged;
    staged.table_ = this;
    staged.first_slot_ = first_slot;
    staged.next_u64_key_ = next_u64_key_;
    staged.mark_ = contents_->arena.mark();

    const auto repeated = [&](std::uint64_t earlier, std::uint64_t later) {
        return client_error(SKEP_DUPLICATE_KEY,
                            fmt::format("{}: key {} is given to rows {} and {}; expected every key "
                                        "once",
                                        operation, keys.text(later), earlier, later));
    };
    if (on_existing == OnExisting::kRefuse) reserve(num_keys() + keys.count());
    while (staged.num_staged_ < keys.count()) {
        const std::lock_guard<WriterFirstMutex> lock(mutex_);
        const std::uint64_t end = std::min(keys.count(), staged.num_staged_ + kKeysPerLock);
        for (; staged.num_staged_ < end; ++staged.num_staged_) {
            const std::uint64_t position = staged.num_staged_;
            const auto slot = static_cast<std::uint32_t>(first_slot + position);
            const std::uint32_t existing = enter(keys, position, slot);
            if (existing == SKEP_NO_SLOT) {
                if (kind_ == SKEP_KEY_U64) {
                    staged.next_u64_key_ = std::max(staged.next_u64_key_, keys.u64(position) + 1);
                }
            } else if (existing >= first_slot) {
                return repeated(existing - first_slot, position);
            } else if (on_existing == OnExisting::kRefuse) {
                return client_error(SKEP_DUPLICATE_KEY,
                                    fmt::format("{}: key {} of row {} is in the collection already",
                                                operation, keys.text(position), position));
            } else {
                staged.replacements_.push_back({existing, slot});
            }
        }
    }
    // A key that was there already and comes twice still led to its old slot both times.
    std::sort(staged.replacements_.begin(), staged.replacements_.end(),
              [](const auto& a, const auto& b) {
                  return std::pair(a.old_slot, a.new_slot) < std::pair(b.old_slot, b.new_slot);
              });
    staged.replaced_.reserve(staged.replacements_.size());
    for (const auto& replacement : staged.replacements_) {
        if (!staged.replaced_.empty() && staged.replaced_.back() == replacement.old_slot) {
            const auto& earlier = *(&replacement - 1);
            return repeated(earlier.new_slot - first_slot, replacement.new_slot - first_slot);
        }
        staged.replaced_.push_back(replacement.old_slot);
    }
    return staged;
}

std::uint32_t& KeyTable::slot_entry(std::uint32_t slot) noexcept {
    if (kind_ == SKEP_KEY_U64) {
        return contents_->u64_lookup.find(u64_at(slot))->second;
    }
    return contents_->string_lookup.find(string_at(slot))->second;
}

void KeyTable::commit(Staged& staged) noexcept {
    for (const auto& replacement : staged.replacements_) {
        slot_entry(replacement.new_slot) = replacement.new_slot;
    }
    next_u64_key_ = staged.next_u64_key_;
    staged.table_ = nullptr;
}

void KeyTable::take_back(const Staged& staged) noexcept {
    const std::lock_guard<WriterFirstMutex> lock(mutex_);
    for (std::uint64_t position = 0; position < staged.num_staged_; ++position) {
        const auto slot = static_cast<std::uint32_t>(staged.first_slot_ + position);
        if (kind_ == SKEP_KEY_U64) {
            const auto entry = contents_->u64_lookup.find(u64_at(slot));
            if (entry->second == slot) contents_->u64_lookup.erase(entry);
        } else {
            const auto entry = contents_->string_lookup.find(string_at(slot));
            if (entry->second == slot) contents_->string_lookup.erase(entry);
        }
    }
    contents_->arena.roll_back(staged.mark_);
}

Result<std::vector<std::uint32_t>> KeyTable::slots_of(const char* operation,
                                                      const KeyBatch& keys) const {
    std::vector<std::uint32_t> slots(keys.count());
    for (std::uint64_t position = 0; position < keys.count(); ++position) {
        slots[position] = find(keys, position);
        if (slots[position] == SKEP_NO_SLOT) {
            return client_error(SKEP_KEY_NOT_FOUND,
                                fmt::format("{}: key {} (number {} of the batch) has no row",
                                            operation, keys.text(position), position));
        }
    }
    std::vector<std::uint32_t> sorted = slots;
    std::sort(sorted.begin(), sorted.end());
    const auto repeated = std::adjacent_find(sorted.begin(), sorted.end());
    if (repeated != sorted.end()) {
        const auto position = static_cast<std::uint64_t>(
            std::find(slots.begin(), slots.end(), *repeated) - slots.begin());
        return client_error(SKEP_DUPLICATE_KEY,
                            fmt::format("{}: key {} is given twice; expected every key once",
                                        operation, keys.text(position)));
    }
    return slots;
}

void KeyTable::erase(const KeyBatch& keys) noexcept {
    for (std::uint64_t position = 0; position < keys.count(); ++position) {
        if (kind_ == SKEP_KEY_U64) {
            contents_->u64_lookup.erase(keys.u64(position));
        } else {
            contents_->string_lookup.erase(keys.string(position));
        }
    }
}

std::uint64_t KeyTable::num_keys() const {
    return kind_ == SKEP_KEY_U64 ? contents_->u64_lookup.size() : contents_->string_lookup.size();
}

void KeyTable::reserve(std::uint64_t num_keys) {
    // boost's reserve also shrinks, hence the comparison.
    const std::lock_guard<WriterFirstMutex> lock(mutex_);
    if (kind_ == SKEP_KEY_U64) {
        if (num_keys > contents_->u64_lookup.max_load()) contents_->u64_lookup.reserve(num_keys);
    } else {
        if (num_keys > contents_->string_lookup.max_load()) {
            contents_->string_lookup.reserve(num_keys);
        }
    }
}

std::unique_ptr<KeyTable::Contents> KeyTable::compacted(
    std::span<const std::uint32_t> kept_slots) const {
    auto kept = std::make_unique<Contents>();
    std::uint32_t slot = 0;
    if (kind_ == SKEP_KEY_U64) {
        kept->u64_lookup.reserve(kept_slots.size());
        kept->u64_of_slot.reserve(kept_slots.size());
        for (const std::uint32_t old_slot : kept_slots) {
            kept->u64_of_slot[slot] = u64_at(old_slot);
            kept->u64_lookup.try_emplace(u64_at(old_slot), slot);
            ++slot;
        }
        return kept;
    }
    kept->string_lookup.reserve(kept_slots.size());
    kept->string_of_slot.reserve(kept_slots.size());
    for (const std::uint32_t old_slot : kept_slots) {
        const std::string_view stored = kept->arena.append(string_at(old_slot));
        kept->string_of_slot[slot] = {stored.data(), stored.size()};
        kept->string_lookup.try_emplace(stored, slot);
        ++slot;
    }
    return kept;
}

void KeyTable::adopt(std::unique_ptr<Contents> contents) noexcept {
    contents_ = std::move(contents);
}

void KeyTable::clear_lookups() noexcept {
    contents_->u64_lookup.clear();
    contents_->string_lookup.clear();
    next_u64_key_ = 0;
}

void KeyTable::clear_slots() noexcept {
    contents_->arena.clear();
}

std::uint64_t KeyTable::Contents::memory_bytes() const {
    // One byte of metadata per place beside the entry itself.
    const std::uint64_t u64_places = u64_lookup.bucket_count() * (sizeof(*u64_lookup.begin()) + 1);
    const std::uint64_t string_places =
        string_lookup.bucket_count() * (sizeof(*string_lookup.begin()) + 1);
    return u64_places + string_places + u64_of_slot.allocated_bytes() +
           string_of_slot.allocated_bytes() + arena.allocated_bytes();
}

}  // namespace skep
