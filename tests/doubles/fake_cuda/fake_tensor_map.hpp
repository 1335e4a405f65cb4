// SPDX-License-Identifier: MIT
// What the fake driver writes into a tensor map, and the emulated bulk copies read.
#pragma once

#include <cstdint>

namespace skep::cuda::emulation {

struct FakeTensorMap {
    const std::uint8_t* lines;
    std::uint64_t line_bytes;
    std::uint64_t num_lines;
    std::uint64_t stride;
    std::uint32_t box_bytes;
    std::uint32_t box_lines;
};

}  // namespace skep::cuda::emulation
