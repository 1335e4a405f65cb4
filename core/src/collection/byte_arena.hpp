// SPDX-License-Identifier: MIT
// Bytes of keys and payloads: appended by one writer, never moved, read without a lock.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace skep {

class ByteArena {
  public:
    // A copy of `bytes` that stays where it is until rolled back or cleared. May throw
    // std::bad_alloc and then changes nothing.
    std::string_view append(std::string_view bytes);

    // What was appended after `mark` is given back. Nobody may look at it any more.
    struct Mark {
        std::size_t num_blocks = 0;
        std::uint64_t used_in_last = 0;
        std::uint64_t used_bytes = 0;
    };
    [[nodiscard]] Mark mark() const;
    void roll_back(const Mark& mark) noexcept;

    // Forgets everything; the largest block stays for refilling.
    void clear() noexcept;

    [[nodiscard]] std::uint64_t used_bytes() const { return used_bytes_; }
    [[nodiscard]] std::uint64_t allocated_bytes() const { return allocated_bytes_; }

  private:
    struct Block {
        std::unique_ptr<char[]> bytes;
        std::uint64_t size = 0;
    };

    std::vector<Block> blocks_;
    std::uint64_t used_in_last_ = 0;
    std::uint64_t used_bytes_ = 0;
    std::uint64_t allocated_bytes_ = 0;
};

}  // namespace skep
