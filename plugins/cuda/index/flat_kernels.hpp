// SPDX-License-Identifier: MIT
// Names of the flat index's kernels. Each is the only one of a module of the same name, so that the
// driver compiles nothing but what is launched.
#pragma once

namespace skep::cuda::kernels {

inline constexpr const char* kEncodeQueries = "encode_queries";
inline constexpr const char* kEncodeRowsF32 = "encode_rows_f32";
inline constexpr const char* kEncodeRowsU8 = "encode_rows_u8";
inline constexpr const char* kGatherRows = "gather_rows";

inline constexpr const char* kSweepBf16One = "sweep_bf16_one";
inline constexpr const char* kSweepBf16Eight = "sweep_bf16_eight";
inline constexpr const char* kSweepU8One = "sweep_u8_one";
inline constexpr const char* kSweepU8Eight = "sweep_u8_eight";

inline constexpr const char* kTileBf16 = "tile_bf16";  // from sm_80 on
inline constexpr const char* kTileU8 = "tile_u8";      // from sm_80 on
// A byte query against byte rows.
inline constexpr const char* kSweepBytes = "sweep_bytes";
inline constexpr const char* kSweepBytesCosine = "sweep_bytes_cosine";
// Byte queries against byte rows; from sm_80 on.
inline constexpr const char* kTileBytes = "tile_bytes";
inline constexpr const char* kTileBytesCosine = "tile_bytes_cosine";

inline constexpr const char* kSelectF32 = "select_f32";
inline constexpr const char* kSelectU8 = "select_u8";

// By metric: cosine, l2, inner product.
inline constexpr const char* kPlainF32[] = {"plain_cosine_f32", "plain_l2_f32",
                                            "plain_inner_product_f32"};
inline constexpr const char* kPlainU8[] = {"plain_cosine_u8", "plain_l2_u8",
                                           "plain_inner_product_u8"};

inline constexpr const char* kExactScanF32 = "exact_scan_f32";
inline constexpr const char* kExactScanU8 = "exact_scan_u8";
inline constexpr const char* kExactSelect = "exact_select";

}  // namespace skep::cuda::kernels
