// SPDX-License-Identifier: MIT
// Which slots are erased, frozen.
#pragma once

#include <skep/backend.h>

#include <cstdint>

#include "host_memory.hpp"

namespace skep::cpu {

// Bits over slots; slots past the end count as 0.
struct BitView {
    const std::uint64_t* words = nullptr;
    std::uint64_t num_bits = 0;

    [[nodiscard]] bool test(std::uint64_t slot) const {
        return slot < num_bits && (words[slot >> 6U] >> (slot & 63U) & 1U) != 0;
    }
    // Bits first_slot to first_slot + 63.
    [[nodiscard]] std::uint64_t window(std::uint64_t first_slot) const {
        const std::uint64_t shift = first_slot & 63U;
        std::uint64_t bits = word(first_slot >> 6U) >> shift;
        if (shift != 0) bits |= word((first_slot >> 6U) + 1) << (64U - shift);
        return bits;
    }

  private:
    [[nodiscard]] std::uint64_t word(std::uint64_t position) const {
        const std::uint64_t first_bit = position * 64;
        if (first_bit >= num_bits) return 0;
        const std::uint64_t left = num_bits - first_bit;
        return left >= 64 ? words[position] : words[position] & ((std::uint64_t{1} << left) - 1);
    }
};

// An immutable bitmap of erased slots.
class Mask {
  public:
    // What `parent` (may be null) erases, and `slots`. Costs num_slots / 8 bytes.
    Mask(const skep_host_services& host, const Mask* parent, std::uint64_t num_slots,
         const std::uint32_t* slots, std::uint64_t num_erased);

    [[nodiscard]] BitView erased() const { return {words(), num_bits_}; }
    [[nodiscard]] std::uint64_t num_erased() const { return num_erased_; }

  private:
    [[nodiscard]] std::uint64_t* words() const {
        return reinterpret_cast<std::uint64_t*>(buffer_.data());
    }

    std::uint64_t num_bits_;
    std::uint64_t num_erased_ = 0;
    HostBuffer buffer_;
};

// The slots that one search may answer with.
class Visibility {
  public:
    // Both may be null.
    Visibility(const Mask* mask, const skep_bitmap* allowed)
        : erased_(mask == nullptr ? BitView{} : mask->erased()), has_allowed_(allowed != nullptr) {
        if (allowed != nullptr) allowed_ = {allowed->words, allowed->num_bits};
    }

    [[nodiscard]] bool test(std::uint64_t slot) const {
        return !erased_.test(slot) && (!has_allowed_ || allowed_.test(slot));
    }

    // Bit i: slot first_slot + i may be an answer, for num_slots <= 64 slots.
    [[nodiscard]] std::uint64_t window(std::uint64_t first_slot, std::uint32_t num_slots) const {
        std::uint64_t bits =
            num_slots == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << num_slots) - 1;
        if (erased_.num_bits != 0) bits &= ~erased_.window(first_slot);
        if (has_allowed_) bits &= allowed_.window(first_slot);
        return bits;
    }

  private:
    BitView erased_;
    BitView allowed_;
    bool has_allowed_;
};

}  // namespace skep::cpu
