// SPDX-License-Identifier: MIT
#include "io/vector_format.hpp"

#include <array>
#include <string_view>

#include "io/posix_file.hpp"

namespace skep {
namespace {

constexpr std::array<VectorFormat, 8> kFormats = {{
    {".fvecs", VectorLayout::kRowHeaders, SKEP_DTYPE_F32},
    {".bvecs", VectorLayout::kRowHeaders, SKEP_DTYPE_U8},
    {".ivecs", VectorLayout::kRowHeaders, SKEP_DTYPE_I32},
    {".fbin", VectorLayout::kMatrixHeader, SKEP_DTYPE_F32},
    {".u8bin", VectorLayout::kMatrixHeader, SKEP_DTYPE_U8},
    {".i8bin", VectorLayout::kMatrixHeader, SKEP_DTYPE_I8},
    {".ibin", VectorLayout::kMatrixHeader, SKEP_DTYPE_I32},
    {".npy", VectorLayout::kNpy, SKEP_DTYPE_F32},
}};

}  // namespace

const VectorFormat& vector_format_of(const std::string& path, const char* operation) {
    const std::string_view name = std::string_view(path).substr(path.rfind('/') + 1);
    for (const VectorFormat& format : kFormats) {
        if (name.ends_with(format.extension)) return format;
    }
    throw file_error(SKEP_FILE_UNKNOWN_FORMAT, operation, path,
                     "has no extension of a vector file; expected .fvecs, .bvecs, .ivecs, .fbin, "
                     ".u8bin, .i8bin, .ibin or .npy");
}

}  // namespace skep
