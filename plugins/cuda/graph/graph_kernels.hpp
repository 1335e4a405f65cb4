// SPDX-License-Identifier: MIT
// Which kernels walk and link, by what codes are; and how large their launches are.
#pragma once

#include <cstdint>

#include "device.hpp"
#include "index/flat_kernels.hpp"
#include "kernels/flat_types.h"
#include "kernels/graph_params.h"

namespace skep::cuda {

// Rows as queries of rows.
[[nodiscard]] const kernels::GraphKernels& graph_kernels(const RowsView& rows,
                                                         std::int32_t codes_are);
// Queries with codes of their own.
[[nodiscard]] const kernels::GraphKernels& graph_kernels(std::int32_t rows_are,
                                                         std::int32_t queries_are);

// A loaded kernel that may take all of a multiprocessor's shared memory. The context is current;
// throws.
CUfunction graph_kernel(Device& device, const char* name);

// Places of the filter of visited rows for a pool of this width, and the shared memory of a block.
struct WalkLaunch {
    std::uint32_t num_visited;
    std::uint32_t shared_bytes;
};
[[nodiscard]] WalkLaunch plan_walk(std::uint32_t width, const DeviceFacts& facts);
// For kernels that choose links.
[[nodiscard]] constexpr std::uint32_t choice_shared_bytes(std::uint32_t width,
                                                          std::uint32_t degree) {
    return kGraphWarps * graph_warp_bytes(width, degree);
}

// Of kernels that walk, and of those that choose.
[[nodiscard]] constexpr std::uint32_t walk_blocks(std::uint64_t num_warps) {
    return static_cast<std::uint32_t>((num_warps + kWalkWarps - 1) / kWalkWarps);
}
[[nodiscard]] constexpr std::uint32_t graph_blocks(std::uint64_t num_warps) {
    return static_cast<std::uint32_t>((num_warps + kGraphWarps - 1) / kGraphWarps);
}

}  // namespace skep::cuda
