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

// Memory of the caller. Few candidates form a heap, the farthest first. Many would cost a miss for
// every level of one: they lie in no order in a reservoir with some room to spare, which is pruned
// whenever it is full, so that the bound lags a little behind.
class TopK {
  public:
    // Entries that k candidates need.
    [[nodiscard]] static std::uint64_t num_entries(std::uint64_t k) {
        return k < kSmallestReservoir ? k : k + k / kSpareShare;
    }

    // entries: num_entries(k) of them; k is at least 1.
    TopK(Candidate* entries, std::uint64_t k)
        : entries_(entries), k_(k), num_entries_(num_entries(k)) {}

    [[nodiscard]] std::uint64_t size() const { return size_; }

    // Rows farther than this cannot enter.
    [[nodiscard]] double bound() const { return bound_; }

    // Whether the bound has become smaller.
    bool offer(const Candidate& candidate) {
        if (!(candidate.distance <= bound_)) return false;
        if (k_ >= kSmallestReservoir) return offer_to_reservoir(candidate);
        if (size_ == k_) {
            if (!(candidate < entries_[0])) return false;
            replace_farthest(candidate);
        } else {
            entries_[size_] = candidate;
            ++size_;
            std::push_heap(entries_, entries_ + size_);
            if (size_ < k_) return false;
        }
        return lower_bound_to(entries_[0].distance);
    }

    // Nearest first, at most k; to be called last.
    void sort() {
        std::sort(entries_, entries_ + size_);
        size_ = std::min(size_, k_);
    }

  private:
    // From here on a reservoir is faster: 100 000 x 128 rows, batches of 1 000, AVX-512.
    static constexpr std::uint64_t kSmallestReservoir = 256;
    static constexpr std::uint64_t kSpareShare = 4;

    bool lower_bound_to(double distance) {
        const bool is_lower = distance < bound_;
        bound_ = distance;
        return is_lower;
    }

    bool offer_to_reservoir(const Candidate& candidate) {
        entries_[size_] = candidate;
        ++size_;
        if (size_ < num_entries_) return false;
        std::nth_element(entries_, entries_ + (k_ - 1), entries_ + size_);
        size_ = k_;
        return lower_bound_to(entries_[k_ - 1].distance);
    }

    // Lets the candidate sink from the top: half of the steps of a pop and a push.
    void replace_farthest(const Candidate& candidate) {
        std::uint64_t place = 0;
        for (std::uint64_t child = 1; child < size_; child = 2 * place + 1) {
            if (child + 1 < size_ && entries_[child] < entries_[child + 1]) ++child;
            if (!(candidate < entries_[child])) break;
            entries_[place] = entries_[child];
            place = child;
        }
        entries_[place] = candidate;
    }

    Candidate* entries_;
    std::uint64_t k_;
    std::uint64_t num_entries_;
    std::uint64_t size_ = 0;
    double bound_ = std::numeric_limits<double>::infinity();
};

}  // namespace skep::cpu
