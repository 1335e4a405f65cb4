// SPDX-License-Identifier: MIT
// The formats of vector files, by extension.
#pragma once

#include <skep/types.h>

#include <cstdint>
#include <string>

namespace skep {

enum class VectorLayout {
    kRowHeaders,    // each row: i32 dim, then the components
    kMatrixHeader,  // u32 rows, u32 dim, then the rows
    kNpy,           // NumPy's header, then the rows; the header names the element type
};

struct VectorFormat {
    const char* extension;
    VectorLayout layout;
    skep_dtype dtype;  // of a kNpy file: unused
};

// Bytes before the rows, or before each row.
inline constexpr std::uint64_t kRowHeaderBytes = 4;
inline constexpr std::uint64_t kMatrixHeaderBytes = 8;

// Throws SKEP_FILE_UNKNOWN_FORMAT for any other extension. Case counts.
const VectorFormat& vector_format_of(const std::string& path, const char* operation);

}  // namespace skep
