// SPDX-License-Identifier: MIT
// The checksum of .skep files: XXH3, 64 bits, seed 0. It finds damage; it is no proof against
// forgery.
#pragma once

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstddef>
#include <cstdint>

namespace skep {

inline std::uint64_t checksum_of(const void* data, std::size_t num_bytes) {
    return XXH3_64bits(data, num_bytes);
}

// The same over pieces, in any division.
class Checksum {
  public:
    Checksum() { XXH3_64bits_reset(&state_); }

    void add(const void* data, std::size_t num_bytes) {
        XXH3_64bits_update(&state_, data, num_bytes);
    }
    [[nodiscard]] std::uint64_t value() const { return XXH3_64bits_digest(&state_); }

  private:
    XXH3_state_t state_;
};

}  // namespace skep
