// SPDX-License-Identifier: MIT
// The k nearest candidates so far, by (distance, slot).
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

namespace skep::cpu {

struct Candidate {
    double distance;
    std::uint32_t slot;

    friend bool operator<(const Candidate& a, const Candidate& b) {
        return a.distance < b.distance || (a.distance == b.distance && a.slot < b.slot);
    }
};

// A bounded heap over memory of the caller, the farthest candidate first.
class TopK {
  public:
    // capacity is at least 1.
    TopK(Candidate* entries, std::uint64_t capacity) : entries_(entries), capacity_(capacity) {}

    [[nodiscard]] std::uint64_t size() const { return size_; }

    // Rows farther than this cannot enter.
    [[nodiscard]] double bound() const {
        return size_ < capacity_ ? std::numeric_limits<double>::infinity() : entries_[0].distance;
    }

    // Whether the bound has become smaller.
    bool offer(const Candidate& candidate) {
        if (size_ < capacity_) {
            entries_[size_] = candidate;
            ++size_;
            std::push_heap(entries_, entries_ + size_);
            return size_ == capacity_;
        }
        if (!(candidate < entries_[0])) return false;
        const double old_bound = entries_[0].distance;
        std::pop_heap(entries_, entries_ + size_);
        entries_[size_ - 1] = candidate;
        std::push_heap(entries_, entries_ + size_);
        return entries_[0].distance < old_bound;
    }

    // Nearest first; the heap is no heap any more.
    void sort() { std::sort_heap(entries_, entries_ + size_); }

  private:
    Candidate* entries_;
    std::uint64_t capacity_;
    std::uint64_t size_ = 0;
};

}  // namespace skep::cpu
