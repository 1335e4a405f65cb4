// SPDX-License-Identifier: MIT
#include "rows/mask.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

#include "argument_checks.hpp"

namespace skep::cpu {

Mask::Mask(const skep_host_services& host, const Mask* parent, std::uint64_t num_slots,
           const std::uint32_t* slots, std::uint64_t num_erased)
    : num_bits_(std::max(num_slots, parent == nullptr ? 0 : parent->num_bits_)),
      buffer_(host, (num_bits_ + 63) / 64 * sizeof(std::uint64_t), "mask create") {
    if (num_bits_ == 0) return;
    std::memset(buffer_.data(), 0, buffer_.bytes());
    if (parent != nullptr && parent->num_bits_ != 0)
        std::memcpy(buffer_.data(), parent->buffer_.data(), parent->buffer_.bytes());
    for (std::uint64_t i = 0; i < num_erased; ++i) {
        require(slots[i] < num_slots, SKEP_INVALID_ARGUMENT,
                "mask create: a slot to erase is not below num_slots");
        words()[slots[i] >> 6U] |= std::uint64_t{1} << (slots[i] & 63U);
    }
    for (std::uint64_t word = 0; word < (num_bits_ + 63) / 64; ++word)
        num_erased_ += static_cast<std::uint64_t>(std::popcount(words()[word]));
}

}  // namespace skep::cpu
