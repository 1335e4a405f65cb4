// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace skep::cuda {

// Scratch memory is laid out in pieces of this alignment.
inline constexpr std::uint64_t kScratchAlignment = 256;

// Takes pieces of scratch memory one behind the other.
class ScratchLayout {
  public:
    // Offset of the piece.
    std::uint64_t take(std::uint64_t bytes) {
        const std::uint64_t begin = end_;
        end_ = (end_ + bytes + kScratchAlignment - 1) / kScratchAlignment * kScratchAlignment;
        return begin;
    }
    [[nodiscard]] std::uint64_t end() const { return end_; }

  private:
    std::uint64_t end_ = 0;
};

}  // namespace skep::cuda
