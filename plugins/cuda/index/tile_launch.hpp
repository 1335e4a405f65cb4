// SPDX-License-Identifier: MIT
// Which matrix kernel a search takes, and how its work is cut into blocks.
#pragma once

#include <cstdint>

#include "device.hpp"
#include "index/flat_kernels.hpp"
#include "kernels/tile_params.h"

namespace skep::cuda {

// What the matrix kernels of a device can do. Asking loads nothing.
class TileKernels {
  public:
    // code_stride: bytes of a code.
    TileKernels(Device& device, std::uint32_t code_stride);

    // Whether any product of codes this long has a kernel; if one has, all but unsigned queries of
    // long codes do.
    [[nodiscard]] bool are_there() const;
    // Whether queries without negative elements may be coded unsigned.
    [[nodiscard]] bool take_unsigned_queries() const;
    // A batch up to here is likely better swept: see PassChoice.
    [[nodiscard]] std::uint64_t likely_swept() const;
    // The best kernel of a product; there is one.
    [[nodiscard]] kernels::TileKind kind_for(const kernels::Products& products) const;

  private:
    bool is_long_;        // codes that do not fit the registers
    bool has_plain_;      // kStationary or kLong
    bool has_warpgroup_;  // kWarpgroup
};

// One launch.
struct TileLaunch {
    std::uint32_t splits;       // of the rows: blocks in x
    std::uint32_t groups;       // of queries: blocks in y
    std::uint32_t query_warps;  // TileParams::query_warps
    std::uint32_t shared_bytes;
    // Best rows that a sample keeps of each block of rows.
    std::uint32_t entries_per_block;
};
TileLaunch plan_tile_launch(kernels::TileKind kind, std::uint32_t num_queries,
                            std::uint64_t num_row_blocks, std::uint32_t num_multiprocessors);

// What kWarpgroup takes besides: how its bulk copies find codes. The context is current; throws.
WarpgroupParams warpgroup_params(const Context& context, const TileParams& params);

// Dynamic shared memory of a kernel.
[[nodiscard]] std::uint32_t tile_shared_bytes(kernels::TileKind kind);

}  // namespace skep::cuda
