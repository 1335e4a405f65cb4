// SPDX-License-Identifier: MIT
#include "collection/growth.hpp"

#include <skep/types.h>

#include <algorithm>
#include <cstdint>

namespace skep {
namespace {

constexpr std::uint64_t kInitialRows = 1024;
constexpr std::uint64_t kInitialBytes = 1 << 20;

std::uint64_t next_step(std::uint64_t capacity) {
    if (capacity < 1000) return capacity * 2;
    if (capacity < 10000) return capacity + capacity / 2;
    return capacity + capacity / 5;
}

}  // namespace

std::uint64_t grown_capacity(std::uint64_t capacity, std::uint64_t needed,
                             std::uint64_t row_bytes) {
    if (needed <= capacity) return capacity;
    const std::uint64_t first = std::max(kInitialRows, kInitialBytes / row_bytes);
    const std::uint64_t wanted = std::max(first, next_step(capacity));
    return std::max(needed, std::min<std::uint64_t>(wanted, SKEP_MAX_ROWS));
}

}  // namespace skep
