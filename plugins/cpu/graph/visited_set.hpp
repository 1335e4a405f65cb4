// SPDX-License-Identifier: MIT
// Which slots a traversal has met: one bit per slot, taken back bit by bit afterwards.
//
// A bit is eight times as dense as the usual counter per slot, so that the set of 100 000 rows
// stays in the first cache. Taking back costs a store per slot met, and never more than clearing
// all.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "graph/host_array.hpp"

namespace skep::cpu {

class VisitedSet {
  public:
    // An empty set over slots below num_slots. Throws Error.
    void prepare(const skep_host_services& host, std::uint64_t num_slots, const char* operation) {
        const std::uint64_t num_words = (num_slots + 63) / 64;
        if (num_words > words_.size()) {
            words_.require(host, num_words + num_words / 4, operation);
            std::memset(words_.data(), 0, words_.bytes());
            num_met_ = 0;
        }
        met_.require(host, kMaxRemembered + 1, operation);
        clear();
    }

    // Whether the slot is met for the first time: 0 or 1. Nobody can predict it, so that it takes
    // no branch.
    std::uint32_t insert(std::uint32_t slot) {
        std::uint64_t& word = words_[slot >> 6U];
        const std::uint64_t old_word = word;
        const std::uint64_t bit = std::uint64_t{1} << (slot & 63U);
        word = old_word | bit;
        met_[std::min(num_met_, kMaxRemembered)] = slot;
        const auto is_new = static_cast<std::uint32_t>((old_word >> (slot & 63U) & 1U) ^ 1U);
        num_met_ += is_new;
        return is_new;
    }
    void prefetch(std::uint32_t slot) const { __builtin_prefetch(&words_[slot >> 6U], 1); }

    void clear() {
        // So many single words take as long as all of them one after another.
        constexpr std::uint64_t kWordsPerStore = 8;
        if (num_met_ > kMaxRemembered || num_met_ * kWordsPerStore > words_.size()) {
            std::memset(words_.data(), 0, words_.bytes());
        } else {
            for (std::uint64_t i = 0; i < num_met_; ++i)
                words_[met_[i] >> 6U] = 0;
        }
        num_met_ = 0;
    }

    [[nodiscard]] std::uint64_t num_met() const { return num_met_; }

  private:
    static constexpr std::uint64_t kMaxRemembered = 8192;

    HostArray<std::uint64_t> words_;
    HostArray<std::uint32_t> met_;
    std::uint64_t num_met_ = 0;
};

}  // namespace skep::cpu
