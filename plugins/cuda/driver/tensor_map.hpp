// SPDX-License-Identifier: MIT
// Matrices of codes as the bulk copies of sm_90 see them.
#pragma once

#include <cstdint>
#include <span>

#include "driver/context.hpp"
#include "kernels/tensor_map.h"

namespace skep::cuda {

// One dimension of a matrix of bytes and of the boxes that are copied from it.
struct TensorDimension {
    std::uint64_t size;
    std::uint64_t stride_bytes;  // a multiple of 16; of the innermost dimension 1
    std::uint32_t box;           // 1 to 256
};

// dimensions: innermost first, 2 to 5 of them. Boxes are 128 bytes long in the innermost one; they
// arrive as lines of 128 bytes in the order of the other dimensions, their 16-byte pieces swizzled
// by line % 8; zeros where a box reaches past an end. address: 16-byte aligned device memory.
// Throws.
TensorMap describe_bytes(const Context& context, CUdeviceptr address,
                         std::span<const TensorDimension> dimensions);

}  // namespace skep::cuda
