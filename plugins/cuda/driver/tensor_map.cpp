// SPDX-License-Identifier: MIT
#include "driver/tensor_map.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skep::cuda {

TensorMap describe_bytes(const Context& context, CUdeviceptr address,
                         std::span<const TensorDimension> dimensions) {
    constexpr std::size_t kMostDimensions = 5;
    std::array<std::uint64_t, kMostDimensions> sizes{};
    std::array<std::uint64_t, kMostDimensions> strides{};
    std::array<std::uint32_t, kMostDimensions> box{};
    std::array<std::uint32_t, kMostDimensions> element_strides{};
    for (std::size_t i = 0; i < dimensions.size(); ++i) {
        sizes[i] = dimensions[i].size;
        box[i] = dimensions[i].box;
        element_strides[i] = 1;
        // The innermost stride is not asked for.
        if (i != 0) strides[i - 1] = dimensions[i].stride_bytes;
    }
    TensorMap map{};
    context.check(
        context.api().tensor_map_encode_tiled(
            &map, CU_TENSOR_MAP_DATA_TYPE_UINT8, static_cast<std::uint32_t>(dimensions.size()),
            address, sizes.data(), strides.data(), box.data(), element_strides.data(),
            CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_128B,
            CU_TENSOR_MAP_L2_PROMOTION_L2_128B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE),
        "describing codes for bulk copies");
    return map;
}

}  // namespace skep::cuda
