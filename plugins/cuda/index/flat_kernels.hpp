// SPDX-License-Identifier: MIT
// Names of the flat index's kernels. Each is the only one of a module of the same name, so that the
// driver compiles nothing but what is launched.
#pragma once

#include <skep/types.h>

#include <cstddef>
#include <cstdint>

namespace skep::cuda::kernels {

inline constexpr const char* kEncodeQueries = "encode_queries";
inline constexpr const char* kGatherRows = "gather_rows";

// The matrix kernels: one for codes that fit the registers, two for longer ones.
enum class TileKind : std::uint8_t { kStationary, kLong, kWarpgroup };
inline constexpr std::size_t kNumTileKinds = 3;

// A matrix kernel as it filters, and for a first round of kKeepBest.
struct TileNames {
    const char* tile;
    const char* sample;
};

// By what query and row codes are; see kernels/codes.cuh.
struct Products {
    const char* sweep_one;
    const char* sweep_eight;
    TileNames tiles[kNumTileKinds];  // by TileKind; without names where there is none
};
inline constexpr Products kBytes{"sweep_bytes_one",
                                 "sweep_bytes_eight",
                                 {{"tile_bytes", "tile_bytes_sample"},
                                  {"tile_long_bytes", "tile_long_bytes_sample"},
                                  {"tile_warpgroup_bytes", "tile_warpgroup_bytes_sample"}}};
// Elsewhere, unsigned queries of long codes are coded signed: see FlatSearch::stage.
inline constexpr Products kU8U8{"sweep_u8_u8_one",
                                "sweep_u8_u8_eight",
                                {{"tile_u8_u8", "tile_u8_u8_sample"},
                                 {nullptr, nullptr},
                                 {"tile_warpgroup_u8_u8", "tile_warpgroup_u8_u8_sample"}}};
// PTX 8.0 has no warpgroup products of mixed signs.
inline constexpr Products kS8U8{"sweep_s8_u8_one",
                                "sweep_s8_u8_eight",
                                {{"tile_s8_u8", "tile_s8_u8_sample"},
                                 {"tile_long_s8_u8", "tile_long_s8_u8_sample"},
                                 {nullptr, nullptr}}};
inline constexpr Products kS8S8{"sweep_s8_s8_one",
                                "sweep_s8_s8_eight",
                                {{"tile_s8_s8", "tile_s8_s8_sample"},
                                 {"tile_long_s8_s8", "tile_long_s8_s8_sample"},
                                 {"tile_warpgroup_s8_s8", "tile_warpgroup_s8_s8_sample"}}};

// The kernels that walk and link graphs. Rows are queries of their own kind when they are linked.
struct GraphKernels {
    const char* search;
    const char* choose;
    const char* take_in;
};
inline constexpr GraphKernels kGraphBytes{"graph_search_bytes", "graph_choose_bytes",
                                          "graph_take_in_bytes"};
inline constexpr GraphKernels kGraphU8U8{"graph_search_u8_u8", "graph_choose_u8_u8",
                                         "graph_take_in_u8_u8"};
inline constexpr GraphKernels kGraphS8U8{"graph_search_s8_u8", nullptr, nullptr};
inline constexpr GraphKernels kGraphS8S8{"graph_search_s8_s8", "graph_choose_s8_s8",
                                         "graph_take_in_s8_s8"};
inline constexpr const char* kGraphCount = "graph_count";
inline constexpr const char* kGraphPlace = "graph_place";
inline constexpr const char* kGraphFill = "graph_fill";

inline constexpr const char* kExactSelect = "exact_select";

// The kernels that read rows. f16, bf16 and i8 share theirs: see kernels/narrow_rows.cuh.
struct RowKernels {
    const char* encode;
    const char* select;
    const char* exact_scan;
    const char* plain[3];  // by metric: cosine, l2, inner product
    const char* graph_rank;
};
inline constexpr RowKernels kF32Rows{
    "encode_rows_f32",
    "select_f32",
    "exact_scan_f32",
    {"plain_cosine_f32", "plain_l2_f32", "plain_inner_product_f32"},
    "graph_rank_f32"};
inline constexpr RowKernels kU8Rows{"encode_rows_u8",
                                    "select_u8",
                                    "exact_scan_u8",
                                    {"plain_cosine_u8", "plain_l2_u8", "plain_inner_product_u8"},
                                    "graph_rank_u8"};
inline constexpr RowKernels kNarrowRows{
    "encode_rows_narrow",
    "select_narrow",
    "exact_scan_narrow",
    {"plain_cosine_narrow", "plain_l2_narrow", "plain_inner_product_narrow"},
    "graph_rank_narrow"};

// Those of an element type that stores have.
[[nodiscard]] constexpr const RowKernels& row_kernels(skep_dtype dtype) {
    if (dtype == SKEP_DTYPE_F32) return kF32Rows;
    return dtype == SKEP_DTYPE_U8 ? kU8Rows : kNarrowRows;
}

}  // namespace skep::cuda::kernels
