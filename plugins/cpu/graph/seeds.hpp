// SPDX-License-Identifier: MIT
// Where walks begin: the slots of a level that has few of them, all of which are scored.
//
// HNSW begins at one slot and walks greedily down the upper layers. Where rows lie in clusters far
// apart, and all the more where they came cluster by cluster, those layers have no way from one to
// the other. Scoring a sample of all rows costs about as much as walking down the layers that it
// replaces, and finds the cluster wherever it is.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "graph/link_store.hpp"

namespace skep::cpu {

// Immutable. Slots in order, each of at least level().
class Seeds {
  public:
    // These, and slots first_slot to end_slot - 1, which follow them.
    [[nodiscard]] std::shared_ptr<const Seeds> with(std::uint64_t first_slot,
                                                    std::uint64_t end_slot,
                                                    const LinkStore& links) const {
        auto made = std::make_shared<Seeds>(*this);
        for (std::uint64_t slot = first_slot; slot < end_slot; ++slot) {
            if (links.level(slot) < made->level_) continue;
            made->slots_.push_back(static_cast<std::uint32_t>(slot));
            if (made->slots_.size() > kMostSeeds) made->raise(links);
        }
        return made;
    }

    [[nodiscard]] std::uint32_t level() const { return level_; }
    [[nodiscard]] std::span<const std::uint32_t> slots() const { return slots_; }

  private:
    static constexpr std::size_t kMostSeeds = 512;

    // To the next level, if a slot has it.
    void raise(const LinkStore& links) {
        const auto is_too_low = [&](std::uint32_t slot) { return links.level(slot) <= level_; };
        if (std::all_of(slots_.begin(), slots_.end(), is_too_low)) return;
        std::erase_if(slots_, is_too_low);
        ++level_;
    }

    std::uint32_t level_ = 0;
    std::vector<std::uint32_t> slots_;
};

}  // namespace skep::cpu
