// SPDX-License-Identifier: MIT
#include "index/mask.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

#include "skep/result.hpp"

namespace skep::cuda {

Mask::Mask(const std::shared_ptr<Device>& device, const Mask* parent, std::uint64_t num_slots,
           const std::uint32_t* slots, std::uint64_t num_erased)
    : num_bits_(std::max(num_slots, parent != nullptr ? parent->num_bits_ : 0)),
      words_((num_bits_ + 31) / 32) {
    if (parent != nullptr) std::copy(parent->words_.begin(), parent->words_.end(), words_.begin());
    for (std::uint64_t i = 0; i < num_erased; ++i) {
        if (slots[i] >= num_slots) {
            throw Error(SKEP_INVALID_ARGUMENT,
                        fmt::format("mask_create: slot {} is not below {}", slots[i], num_slots),
                        SKEP_LAYER_BACKEND);
        }
        words_[slots[i] / 32] |= 1U << (slots[i] % 32);
    }
    for (const std::uint32_t word : words_)
        num_erased_ += static_cast<std::uint64_t>(std::popcount(word));
    if (words_.empty()) return;

    const ScopedContext scope(*device->context(), "mask_create");
    const std::uint64_t bytes = words_.size() * sizeof(std::uint32_t);
    DeviceBuffer bits(device->context(), bytes, "mask_create");
    const LanePool::Lease lane = device->lanes().acquire();
    std::byte* pinned = lane->pinned(bytes);
    std::memcpy(pinned, words_.data(), bytes);
    lane->copy_to_device(bits.pointer(), pinned, bytes);
    lane->wait(nullptr);
    bits_ = std::move(bits);
}

}  // namespace skep::cuda
