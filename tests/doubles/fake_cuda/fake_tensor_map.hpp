// SPDX-License-Identifier: MIT
// What the fake driver writes into a tensor map, and the emulated bulk copies read.
#pragma once

#include <cstdint>

namespace skep::cuda::emulation {

struct FakeTensorMap {
    static constexpr std::uint32_t kMostDimensions = 4;
    struct Dimension {
        std::uint64_t size;
        std::uint64_t stride;
        std::uint32_t box;
    };
    const std::uint8_t* bytes;
    std::uint32_t rank;
    Dimension dimensions[kMostDimensions];
};
static_assert(sizeof(FakeTensorMap) <= 128, "as large as the driver's");

}  // namespace skep::cuda::emulation
