// SPDX-License-Identifier: MIT
// Matrices of codes as the bulk copies of sm_90 see them.
#pragma once

#include <cstdint>

#include "driver/context.hpp"
#include "kernels/tensor_map.h"

namespace skep::cuda {

// Bytes [num_lines, line_bytes] at `lines`, dense, copied in boxes of 128 bytes by box_lines, 1 to
// 256, whose 16-byte pieces arrive swizzled by line % 8; zeros where a box reaches past an end.
// lines: 16-byte aligned device memory; line_bytes: a multiple of 16. Throws.
TensorMap describe_codes(const Context& context, CUdeviceptr lines, std::uint64_t num_lines,
                         std::uint32_t line_bytes, std::uint32_t box_lines);

}  // namespace skep::cuda
