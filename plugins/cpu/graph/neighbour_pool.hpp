// SPDX-License-Identifier: MIT
// The nearest slots of a traversal so far, in order, and which of them were expanded.
//
// A sorted array, as in glass and the DiskANN family: for the lengths in use, moving its tail costs
// less than the branches of a heap, and the next slot to expand is a cursor.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

#include "graph/host_array.hpp"

namespace skep::cpu {

// A slot at a distance as one number that sorts by distance, then by slot. The distance has lost
// its last bit, in whose place there is room for a mark.
class Neighbour {
  public:
    Neighbour() = default;
    Neighbour(float distance, std::uint32_t slot)
        : bits_(sortable(distance) << 32U | std::uint64_t{slot} << 1U) {}

    [[nodiscard]] std::uint32_t slot() const { return static_cast<std::uint32_t>(bits_ >> 1U); }
    [[nodiscard]] float distance() const {
        const auto sorted = static_cast<std::uint32_t>(bits_ >> 32U) & ~1U;
        return std::bit_cast<float>((sorted & kSign) != 0 ? sorted ^ kSign : ~sorted);
    }
    [[nodiscard]] bool is_expanded() const { return (bits_ & 1U) != 0; }
    void mark_expanded() { bits_ |= 1U; }
    void mark_unexpanded() { bits_ &= ~std::uint64_t{1}; }

    friend bool operator<(Neighbour a, Neighbour b) { return a.bits_ < b.bits_; }
    [[nodiscard]] bool is_there() const { return bits_ != ~std::uint64_t{0}; }
    // No neighbour; sorts behind every other one.
    static Neighbour none() {
        Neighbour last;
        last.bits_ = ~std::uint64_t{0};
        return last;
    }

  private:
    static constexpr std::uint32_t kSign = 0x8000'0000U;

    // Ascends with the float; the last bit is 0, which leaves one for the slot.
    static std::uint64_t sortable(float distance) {
        const auto bits = std::bit_cast<std::uint32_t>(distance);
        return ((bits & kSign) != 0 ? ~bits : bits | kSign) & ~1U;
    }

    std::uint64_t bits_ = 0;
};

class NeighbourPool {
  public:
    // Empty, for at most `capacity` entries. Throws Error.
    void prepare(const skep_host_services& host, std::uint64_t capacity, const char* operation) {
        entries_.require(host, capacity + 1, operation);
        capacity_ = capacity;
        size_ = 0;
        cursor_ = 0;
    }

    [[nodiscard]] std::uint64_t size() const { return size_; }
    [[nodiscard]] const Neighbour& operator[](std::uint64_t i) const { return entries_[i]; }
    [[nodiscard]] Neighbour* begin() const { return entries_.data(); }
    [[nodiscard]] Neighbour* end() const { return entries_.data() + size_; }

    // What does not come before this cannot enter.
    [[nodiscard]] Neighbour worst() const {
        return size_ < capacity_ ? Neighbour::none() : entries_[size_ - 1];
    }

    // A slot that was not inserted before and comes before worst().
    void insert(Neighbour neighbour) {
        Neighbour* const place = place_of(neighbour);
        const auto position = static_cast<std::uint64_t>(place - begin());
        const std::uint64_t moved = std::min(size_, capacity_ - 1) - position;
        std::memmove(place + 1, place, moved * sizeof *place);
        *place = neighbour;
        size_ = std::min(size_ + 1, capacity_);
        cursor_ = std::min(cursor_, position);
    }

    [[nodiscard]] bool has_next() const { return cursor_ < size_; }
    // The nearest slot that was not expanded, which it now is.
    std::uint32_t expand_next() {
        const std::uint32_t slot = entries_[cursor_].slot();
        entries_[cursor_].mark_expanded();
        do
            ++cursor_;
        while (cursor_ < size_ && entries_[cursor_].is_expanded());
        return slot;
    }
    // The one after it, if nothing nearer comes.
    [[nodiscard]] std::uint32_t peek_next() const { return entries_[cursor_].slot(); }

    // Every entry counts as not expanded.
    void expand_again() {
        for (std::uint64_t i = 0; i < size_; ++i)
            entries_[i].mark_unexpanded();
        cursor_ = 0;
    }

  private:
    // Where a neighbour comes. A binary search whose steps are sums: nobody can predict a branch.
    [[nodiscard]] Neighbour* place_of(Neighbour neighbour) const {
        Neighbour* first = entries_.data();
        for (std::uint64_t left = size_; left != 0;) {
            const std::uint64_t half = (left + 1) / 2;
            first += half * std::uint64_t{first[half - 1] < neighbour};
            left -= half;
        }
        return first;
    }

    HostArray<Neighbour> entries_;
    std::uint64_t capacity_ = 0;
    std::uint64_t size_ = 0;
    std::uint64_t cursor_ = 0;
};

}  // namespace skep::cpu
