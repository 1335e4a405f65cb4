// SPDX-License-Identifier: MIT
// When each slot was erased, so that a reader of an older state still sees its row. Costs nothing
// until the first row is erased.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>

#include "collection/segmented_array.hpp"

namespace skep {

// One writer. A reader asks about slots below the num_slots() that was published with its
// snapshot; every other slot was not erased.
class EraseLog {
  public:
    // Whether the state of `generation` still has the row.
    [[nodiscard]] bool is_alive(std::uint64_t slot, std::uint64_t generation) const noexcept {
        const std::uint64_t erased_in = entry(slot).load(std::memory_order_relaxed);
        return erased_in == kNever || erased_in > generation;
    }

    [[nodiscard]] std::uint64_t num_slots() const { return num_slots_; }

    // Room for marks on all slots below num_slots. May throw std::bad_alloc; marks stay as they
    // are.
    void reserve(std::uint64_t num_slots) {
        erased_in_.reserve(num_slots);
        for (; num_slots_ < num_slots; ++num_slots_)
            erased_in_[num_slots_] = kNever;
    }

    // Marks slots as erased from `generation` on, which is not published yet.
    void erase(std::span<const std::uint32_t> slots, std::uint64_t generation) noexcept {
        for (const std::uint32_t slot : slots) {
            entry(slot).store(generation, std::memory_order_relaxed);
        }
    }

    [[nodiscard]] std::uint64_t memory_bytes() const { return erased_in_.allocated_bytes(); }

    // With no reader in any slot.
    void clear() noexcept { num_slots_ = 0; }

  private:
    static constexpr std::uint64_t kNever = 0;  // generations start at 1

    // A writer marks slots while readers of older states ask about them.
    [[nodiscard]] std::atomic_ref<std::uint64_t> entry(std::uint64_t slot) const noexcept {
        return std::atomic_ref<std::uint64_t>(erased_in_[slot]);
    }

    mutable SegmentedArray<std::uint64_t> erased_in_;
    std::uint64_t num_slots_ = 0;
};

}  // namespace skep
