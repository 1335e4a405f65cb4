// SPDX-License-Identifier: MIT
#include "driver/tensor_map.hpp"

#include <array>
#include <cstdint>

namespace skep::cuda {

TensorMap describe_codes(const Context& context, CUdeviceptr lines, std::uint64_t num_lines,
                         std::uint32_t line_bytes, std::uint32_t box_lines) {
    constexpr std::uint32_t kBoxBytes = 128;
    const std::array<std::uint64_t, 2> sizes{line_bytes, num_lines};
    const std::array<std::uint64_t, 1> strides{line_bytes};
    const std::array<std::uint32_t, 2> box{kBoxBytes, box_lines};
    const std::array<std::uint32_t, 2> element_strides{1, 1};
    TensorMap map{};
    context.check(context.api().tensor_map_encode_tiled(
                      &map, CU_TENSOR_MAP_DATA_TYPE_UINT8, static_cast<std::uint32_t>(sizes.size()),
                      lines, sizes.data(), strides.data(), box.data(), element_strides.data(),
                      CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_128B,
                      CU_TENSOR_MAP_L2_PROMOTION_L2_128B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE),
                  "describing codes for bulk copies");
    return map;
}

}  // namespace skep::cuda
