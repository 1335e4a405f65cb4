// SPDX-License-Identifier: MIT
// The header of NumPy's .npy files, versions 1 to 3:
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
#pragma once

#include <skep/types.h>

#include <cstdint>
#include <string>

#include "io/posix_file.hpp"

namespace skep {

struct NpyHeader {
    skep_dtype dtype;
    std::uint64_t num_rows;
    std::uint64_t dim;          // as the file says; not checked
    std::uint64_t data_offset;  // where the rows begin, within the file
};

// Takes two dimensions in C order, little-endian f4 f2 i1 u1 i4. Throws SKEP_UNSUPPORTED or
// SKEP_UNSUPPORTED_TYPE for what NumPy could write but Skep does not read, SKEP_FILE_CORRUPT for
// what NumPy would not write.
NpyHeader read_npy_header(const File& file);

// The header of a file of version 1.0, as NumPy writes it; rows follow. bf16 has no name in NumPy.
std::string make_npy_header(skep_dtype dtype, std::uint64_t num_rows, std::uint32_t dim);

}  // namespace skep
