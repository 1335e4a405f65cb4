// SPDX-License-Identifier: MIT
// Which row has which key, in both directions.
//
// From key to slot there is a hash table, guarded by mutex(). From slot to key there is an array
// that only grows, so that answers are translated without a lock.
//
// One writer enters new keys before their rows can be seen (stage), and then either makes them
// final together with the rows (commit) or takes them back. Until then lookups of readers may meet
// a slot at or above the num_slots of their snapshot: such a key is not there yet.
#pragma once

#include <skep/backend.h>

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "collection/byte_arena.hpp"
#include "collection/key_batch.hpp"
#include "collection/segmented_array.hpp"
#include "collection/writer_first_mutex.hpp"
#include "skep/result.hpp"

namespace skep {

// Bytes in an arena.
struct StoredBytes {
    const char* data;
    std::uint64_t size;

    [[nodiscard]] std::string_view view() const { return {data, size}; }
};

class KeyTable {
  public:
    struct StringHash {
        using is_avalanching = void;  // boost needs not mix it again
        std::size_t operator()(std::string_view key) const noexcept;
    };
    // Everything that compaction replaces. Only the members of one kind of key are in use.
    struct Contents {
        boost::unordered_flat_map<std::uint64_t, std::uint32_t> u64_lookup;
        boost::unordered_flat_map<std::string_view, std::uint32_t, StringHash> string_lookup;
        SegmentedArray<std::uint64_t> u64_of_slot;
        SegmentedArray<StoredBytes> string_of_slot;
        ByteArena arena;  // what string keys point to

        [[nodiscard]] std::uint64_t memory_bytes() const;
    };

    explicit KeyTable(skep_key_kind kind) : kind_(kind) {}
    KeyTable(const KeyTable&) = delete;
    KeyTable& operator=(const KeyTable&) = delete;

    [[nodiscard]] skep_key_kind kind() const { return kind_; }

    // Lookups hold it shared; commit, erase, adopt and clear hold it exclusively, together with the
    // publication of what they belong to.
    [[nodiscard]] WriterFirstMutex& mutex() const { return mutex_; }

    // --- readers ---

    // SKEP_NO_SLOT when nobody has the key. Holding mutex().
    [[nodiscard]] std::uint32_t find(const KeyBatch& keys, std::uint64_t position) const;

    // Keys of slots that were published; no lock.
    [[nodiscard]] std::uint64_t u64_at(std::uint64_t slot) const {
        return contents_->u64_of_slot[slot];
    }
    [[nodiscard]] std::string_view string_at(std::uint64_t slot) const {
        return contents_->string_of_slot[slot].view();
    }

    // --- the writer ---

    // Keys entered for rows first_slot, first_slot + 1, ... Taken back on destruction unless
    // committed.
    class Staged {
      public:
        Staged() = default;
        Staged(Staged&& other) noexcept;
        Staged& operator=(Staged&&) = delete;
        ~Staged();

        // Slots whose keys now belong to new rows, ascending.
        [[nodiscard]] std::span<const std::uint32_t> replaced_slots() const { return replaced_; }
        // KeyTable::next_u64_key once committed.
        [[nodiscard]] std::uint64_t next_u64_key() const { return next_u64_key_; }

      private:
        friend class KeyTable;
        struct Replacement {
            std::uint32_t old_slot;
            std::uint32_t new_slot;
        };
        KeyTable* table_ = nullptr;
        std::uint64_t first_slot_ = 0;
        std::uint64_t num_staged_ = 0;
        std::uint64_t next_u64_key_ = 0;
        ByteArena::Mark mark_;
        std::vector<std::uint32_t> replaced_;
        std::vector<Replacement> replacements_;
    };
    enum class OnExisting { kRefuse, kReplace };
    // Refuses a key that is there twice in the batch and, with kRefuse, one that is there already.
    Result<Staged> stage(const char* operation, const KeyBatch& keys, std::uint64_t first_slot,
                         OnExisting on_existing);
    // Holding mutex() exclusively.
    void commit(Staged& staged) noexcept;

    // Slots of keys, in the order of the batch; refuses unknown and repeated ones.
    Result<std::vector<std::uint32_t>> slots_of(const char* operation, const KeyBatch& keys) const;
    // Forgets which slots these keys had. Holding mutex() exclusively.
    void erase(const KeyBatch& keys) noexcept;

    // The number that the next row without a key gets; UINT64_MAX when there are none left.
    [[nodiscard]] std::uint64_t next_u64_key() const { return next_u64_key_; }
    void raise_next_u64_key(std::uint64_t key) { next_u64_key_ = std::max(next_u64_key_, key); }

    [[nodiscard]] std::uint64_t num_keys() const;
    // Room for lookups of num_keys keys in all; a failure to get it changes nothing.
    void reserve(std::uint64_t num_keys);

    // Keys of the given slots as if those were slots 0, 1, ... Built aside, then taken over.
    [[nodiscard]] std::unique_ptr<Contents> compacted(
        std::span<const std::uint32_t> kept_slots) const;
    // Holding mutex() exclusively, with no reader in any slot.
    void adopt(std::unique_ptr<Contents> contents) noexcept;

    // Forgets every key at once. Holding mutex() exclusively.
    void clear_lookups() noexcept;
    // Forgets the keys of slots, once no reader can ask for one.
    void clear_slots() noexcept;

    // Host memory, estimated; the writer's view.
    [[nodiscard]] std::uint64_t memory_bytes() const { return contents_->memory_bytes(); }

  private:
    // Enters the key of one row; the slot that has it already, or SKEP_NO_SLOT.
    std::uint32_t enter(const KeyBatch& keys, std::uint64_t position, std::uint32_t slot);
    // What the lookup says about the key of a slot.
    std::uint32_t& slot_entry(std::uint32_t slot) noexcept;
    void take_back(const Staged& staged) noexcept;

    skep_key_kind kind_;
    mutable WriterFirstMutex mutex_;
    std::unique_ptr<Contents> contents_ = std::make_unique<Contents>();
    std::uint64_t next_u64_key_ = 0;
};

}  // namespace skep
