// SPDX-License-Identifier: MIT
#include "index/tile_launch.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "driver/tensor_map.hpp"

namespace skep::cuda {
namespace {

using kernels::TileKind;

// Blocks of a kernel per multiprocessor, by registers and shared memory.
constexpr std::uint32_t kStationaryBlocks = 2;
constexpr std::uint32_t kLongBlocks = 1;
// Up to so many times as many blocks as run at once: more begin and end too often.
constexpr std::uint32_t kMostWaves = 10;
// Until it is measured: a kernel of long codes works as if it had 256 queries, the other as if it
// had 64.
constexpr std::uint64_t kLikelySweptLong = 4;
constexpr std::uint64_t kLikelySweptShort = 1;

bool has_kind(Device& device, TileKind kind) {
    // Every product that a kind has, it has on the same rungs; this one they all have.
    const char* name = kernels::kS8S8.tiles[static_cast<std::size_t>(kind)].tile;
    const bool can_copy =
        kind != TileKind::kWarpgroup || device.context()->api().tensor_map_encode_tiled != nullptr;
    return can_copy && device.modules().has_kernel(name) &&
           device.facts().max_shared_bytes >= tile_shared_bytes(kind);
}

// Splits that keep the device busiest, the fewest of those. Blocks of one wave run side by side
// and share rows in the second-level cache.
std::uint32_t row_splits(std::uint32_t resident, std::uint32_t groups,
                         std::uint64_t num_row_blocks) {
    std::uint32_t best = std::max<std::uint32_t>(resident / groups, 1);
    const auto busy_share = [&](std::uint32_t splits) {
        const std::uint32_t blocks = splits * groups;
        const std::uint32_t waves = (blocks + resident - 1) / resident;
        return static_cast<double>(blocks) / (static_cast<double>(waves) * resident);
    };
    for (std::uint32_t waves = 2; waves <= kMostWaves; ++waves) {
        const std::uint32_t splits = waves * resident / groups;
        constexpr double kWorthwhile = 0.02;
        if (splits > 0 && busy_share(splits) > busy_share(best) + kWorthwhile) best = splits;
    }
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(num_row_blocks, best));
}

}  // namespace

TileKernels::TileKernels(Device& device, std::uint32_t code_stride)
    : is_long_(code_stride > kTileMaxStride),
      has_plain_(has_kind(device, is_long_ ? TileKind::kLong : TileKind::kStationary)),
      has_warpgroup_(is_long_ && has_kind(device, TileKind::kWarpgroup)) {
}

bool TileKernels::are_there() const {
    return has_plain_;
}

bool TileKernels::take_unsigned_queries() const {
    return !is_long_ || has_warpgroup_;
}

std::uint64_t TileKernels::likely_swept() const {
    return is_long_ ? kLikelySweptLong : kLikelySweptShort;
}

TileKind TileKernels::kind_for(const kernels::Products& products) const {
    if (!is_long_) return TileKind::kStationary;
    const bool has_product =
        products.tiles[static_cast<std::size_t>(TileKind::kWarpgroup)].tile != nullptr;
    return has_warpgroup_ && has_product ? TileKind::kWarpgroup : TileKind::kLong;
}

TileLaunch plan_tile_launch(TileKind kind, std::uint32_t num_queries, std::uint64_t num_row_blocks,
                            std::uint32_t num_multiprocessors) {
    TileLaunch launch{};
    launch.shared_bytes = tile_shared_bytes(kind);
    const std::uint32_t query_warps = (num_queries + kTileWarpQueries - 1) / kTileWarpQueries;
    std::uint32_t blocks_at_once = kLongBlocks;
    switch (kind) {
        case TileKind::kStationary:
            launch.query_warps = std::min(kTileWarps, std::bit_ceil(query_warps));
            launch.entries_per_block = kTileWarps / launch.query_warps;
            blocks_at_once = kStationaryBlocks;
            break;
        case TileKind::kLong:
            launch.query_warps = kLongQueryWarps;
            launch.entries_per_block = kLongRowWarps;
            break;
        case TileKind::kWarpgroup:
            launch.query_warps = kWarpgroupQueries / kTileWarpQueries;
            launch.entries_per_block = 1;
            break;
    }
    launch.groups = (query_warps + launch.query_warps - 1) / launch.query_warps;
    launch.splits = row_splits(num_multiprocessors * blocks_at_once, launch.groups, num_row_blocks);
    return launch;
}

WarpgroupParams warpgroup_params(const Context& context, const TileParams& params) {
    const auto address = [](const std::uint8_t* codes) {
        return static_cast<CUdeviceptr>(reinterpret_cast<std::uintptr_t>(codes));
    };
    const std::uint64_t stride = params.view.code_stride;
    constexpr std::uint32_t kWarpQueries = kWarpgroupTiles * kWarpgroupTileQueries;
    // The last warp's queries may not all be there. What lies behind them is scratch memory, too,
    // and no such query has survivors.
    const std::uint64_t num_warps = (params.num_queries + kWarpQueries - 1) / kWarpQueries;
    const std::array<TensorDimension, 4> queries{
        {{stride, 1, kTileLine},
         {kWarpgroupTileQueries, stride, kWarpgroupTileQueries},
         {num_warps, kWarpQueries * stride, kTileWarps},
         {kWarpgroupTiles, kWarpgroupTileQueries * stride, kWarpgroupTiles}}};
    const std::array<TensorDimension, 2> rows{
        {{stride, 1, kTileLine}, {params.filter.num_slots, stride, kRowsPerBlock}}};
    return {describe_bytes(context, address(params.codes), queries),
            describe_bytes(context, address(params.view.codes), rows), params};
}

std::uint32_t tile_shared_bytes(TileKind kind) {
    switch (kind) {
        case TileKind::kLong:
            return kLongSharedBytes;
        case TileKind::kWarpgroup:
            return kWarpgroupSharedBytes;
        default:
            return kTileSharedBytes;
    }
}

}  // namespace skep::cuda
