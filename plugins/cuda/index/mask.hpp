// SPDX-License-Identifier: MIT
// Which slots of a store are erased: a frozen bitmap, on the device for searches and on the host
// for compacting and for masks made from it.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "device.hpp"

namespace skep::cuda {

class Mask {
  public:
    // parent may be null; slots are below num_slots. Throws.
    Mask(const std::shared_ptr<Device>& device, const Mask* parent, std::uint64_t num_slots,
         const std::uint32_t* slots, std::uint64_t num_erased);

    [[nodiscard]] std::uint64_t num_bits() const { return num_bits_; }
    [[nodiscard]] CUdeviceptr bits() const { return bits_.pointer(); }
    [[nodiscard]] std::uint64_t num_erased() const { return num_erased_; }
    // Bits of 64 slots from `first` on, a multiple of 64.
    [[nodiscard]] std::uint64_t word_at(std::uint64_t first) const {
        std::uint64_t word = first < num_bits_ ? words_[first / 32] : 0;
        if (first + 32 < num_bits_) word |= std::uint64_t{words_[first / 32 + 1]} << 32U;
        return word;
    }
    [[nodiscard]] bool is_erased(std::uint64_t slot) const {
        return slot < num_bits_ && ((words_[slot / 32] >> (slot % 32)) & 1U) != 0;
    }

  private:
    std::uint64_t num_bits_;
    std::uint64_t num_erased_ = 0;
    std::vector<std::uint32_t> words_;
    DeviceBuffer bits_;
};

}  // namespace skep::cuda
