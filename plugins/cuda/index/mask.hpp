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
    [[nodiscard]] bool is_erased(std::uint64_t slot) const {
        return slot < num_bits_ && ((words_[slot / 32] >> (slot % 32)) & 1U) != 0;
    }

  private:
    std::uint64_t num_bits_;
    std::vector<std::uint32_t> words_;
    DeviceBuffer bits_;
};

}  // namespace skep::cuda
