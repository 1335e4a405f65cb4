// SPDX-License-Identifier: MIT
// Names of the flat index's kernels and of the modules that hold them. Where no module is named the
// kernel has one of its own, of the same name: the driver compiles only what is launched.
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

inline constexpr const char* kSelectF32 = "select_f32";
inline constexpr const char* kSelectU8 = "select_u8";

inline constexpr const char* kExactModule = "exact";
inline constexpr const char* kExactScanF32 = "exact_scan_f32";
inline constexpr const char* kExactScanU8 = "exact_scan_u8";
inline constexpr const char* kExactSelect = "exact_select";

}  // namespace skep::cuda::kernels
