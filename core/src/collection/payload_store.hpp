// SPDX-License-Identifier: MIT
// The opaque bytes that rows carry. Costs nothing until the first row brings some.
#pragma once

#include <skep/types.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "collection/byte_arena.hpp"
#include "collection/key_table.hpp"
#include "collection/segmented_array.hpp"

namespace skep {

// One writer; readers look at slots below the num_slots() that was published with their snapshot,
// and take every other slot for one without payload.
class PayloadStore {
  public:
    struct Contents {
        SegmentedArray<StoredBytes> of_slot;
        ByteArena arena;
        std::uint64_t num_slots = 0;

        [[nodiscard]] std::uint64_t memory_bytes() const {
            return of_slot.allocated_bytes() + arena.allocated_bytes();
        }
    };

    [[nodiscard]] std::string_view at(std::uint64_t slot) const {
        return contents_->of_slot[slot].view();
    }

    // Copies payloads of rows first_slot, first_slot + 1, ...; taken back on destruction unless
    // committed. `payloads` null: none.
    class Staged {
      public:
        Staged(PayloadStore& store, std::uint64_t first_slot, std::uint64_t count,
               const skep_byte_list_view* payloads);
        ~Staged();
        Staged(const Staged&) = delete;
        Staged& operator=(const Staged&) = delete;

        // Payload slots once committed.
        [[nodiscard]] std::uint64_t num_slots() const { return num_slots_; }
        void commit() noexcept;

      private:
        PayloadStore* store_;
        std::uint64_t num_slots_;
        ByteArena::Mark mark_;
    };

    // Slots that may have a payload; slots from here on have none.
    [[nodiscard]] std::uint64_t num_slots() const { return contents_->num_slots; }

    // Payloads of the given slots as if those were slots 0, 1, ...
    [[nodiscard]] std::unique_ptr<Contents> compacted(
        std::span<const std::uint32_t> kept_slots) const;
    // With no reader in any slot.
    void adopt(std::unique_ptr<Contents> contents) noexcept { contents_ = std::move(contents); }
    void clear() noexcept;

    [[nodiscard]] std::uint64_t memory_bytes() const { return contents_->memory_bytes(); }

  private:
    std::unique_ptr<Contents> contents_ = std::make_unique<Contents>();
};

}  // namespace skep
