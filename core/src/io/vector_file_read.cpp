// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <cstdint>
#include <cstring>

#include "io/npy_header.hpp"
#include "io/vector_file.hpp"
#include "io/vector_format.hpp"
#include "skep/common/element_type.hpp"

namespace skep {
namespace {

constexpr const char* kOperation = "open vectors";

// Where the rows of a file lie; checked against its size.
struct RowsInFile {
    skep_dtype dtype = SKEP_DTYPE_F32;
    std::uint64_t num_rows = 0;
    std::uint32_t dim = 0;
    std::uint64_t offset = 0;
    std::uint64_t stride_bytes = 0;  // 0: without a gap
};

Error vector_error(skep_status status, const std::string& path, const std::string& text) {
    return file_error(status, kOperation, path, text);
}

std::uint32_t check_dim(std::uint64_t dim, const std::string& path) {
    if (dim == 0 || dim > SKEP_MAX_DIM) {
        throw vector_error(SKEP_INVALID_DIMENSION, path,
                           fmt::format("dim is {}; expected 1 to {}", dim, SKEP_MAX_DIM));
    }
    return static_cast<std::uint32_t>(dim);
}

// Rows without a gap from `rows.offset` to the end of the file.
RowsInFile check_dense_rows(const RowsInFile& rows, std::uint64_t file_size,
                            const std::string& path) {
    const std::uint64_t row_bytes = rows.dim * element_bytes(rows.dtype);
    const std::uint64_t available = file_size - rows.offset;
    // By division: the product of what a header says may overflow.
    if (rows.num_rows > available / row_bytes) {
        // A file that was cut holds some of its rows; a count that could never fit is no
        // truncation.
        const bool is_possible = rows.num_rows <= SKEP_MAX_ROWS;
        throw vector_error(
            is_possible ? SKEP_FILE_TRUNCATED : SKEP_FILE_IMPOSSIBLE_SIZE, path,
            fmt::format("header says {} rows of {} bytes; {} bytes follow at offset {}",
                        rows.num_rows, row_bytes, available, rows.offset));
    }
    if (rows.num_rows * row_bytes != available) {
        throw vector_error(
            SKEP_FILE_CORRUPT, path,
            fmt::format("header says {} rows of {} bytes; {} bytes follow at offset {}, which is "
                        "more",
                        rows.num_rows, row_bytes, available, rows.offset));
    }
    return rows;
}

RowsInFile read_matrix_header(const MappedFile& file, skep_dtype dtype, const std::string& path) {
    if (file.size() < kMatrixHeaderBytes) {
        throw vector_error(
            SKEP_FILE_TRUNCATED, path,
            fmt::format("has {} bytes; the header alone has {}", file.size(), kMatrixHeaderBytes));
    }
    std::uint32_t shape[2];
    std::memcpy(shape, file.data(), sizeof shape);
    const RowsInFile rows{dtype, shape[0], check_dim(shape[1], path), kMatrixHeaderBytes, 0};
    return check_dense_rows(rows, file.size(), path);
}

std::int32_t read_row_header(const MappedFile& file, std::uint64_t offset) {
    std::int32_t dim = 0;
    std::memcpy(&dim, file.data() + offset, sizeof dim);
    return dim;
}

RowsInFile read_row_headers(const MappedFile& file, skep_dtype dtype, const std::string& path) {
    if (file.size() < kRowHeaderBytes) {
        throw vector_error(SKEP_FILE_TRUNCATED, path,
                           fmt::format("has {} bytes; the header of the first row has {}",
                                       file.size(), kRowHeaderBytes));
    }
    const std::int32_t first_dim = read_row_header(file, 0);
    if (first_dim < 0) {
        throw vector_error(SKEP_INVALID_DIMENSION, path,
                           fmt::format("dim is {}; expected 1 to {}", first_dim, SKEP_MAX_DIM));
    }
    const std::uint32_t dim = check_dim(static_cast<std::uint64_t>(first_dim), path);
    const std::uint64_t stride = kRowHeaderBytes + dim * element_bytes(dtype);
    if (file.size() % stride != 0) {
        throw vector_error(
            SKEP_FILE_TRUNCATED, path,
            fmt::format("has {} bytes; expected a multiple of {}, the bytes of a row of dim {}",
                        file.size(), stride, dim));
    }
    const std::uint64_t num_rows = file.size() / stride;
    for (std::uint64_t row = 1; row < num_rows; ++row) {
        const std::int32_t row_dim = read_row_header(file, row * stride);
        if (row_dim != first_dim) {
            throw vector_error(SKEP_FILE_CORRUPT, path,
                               fmt::format("row {} at offset {} has dim {}; expected {}, as row 0",
                                           row, row * stride, row_dim, first_dim));
        }
    }
    return {dtype, num_rows, dim, kRowHeaderBytes, stride};
}

RowsInFile read_npy(const File& file) {
    const NpyHeader header = read_npy_header(file);
    const RowsInFile rows{header.dtype, header.num_rows, check_dim(header.dim, file.path()),
                          header.data_offset, 0};
    return check_dense_rows(rows, file.size(), file.path());
}

RowsInFile find_rows(const File& file, const MappedFile& mapping) {
    const VectorFormat& format = vector_format_of(file.path(), kOperation);
    switch (format.layout) {
        case VectorLayout::kRowHeaders:
            return read_row_headers(mapping, format.dtype, file.path());
        case VectorLayout::kMatrixHeader:
            return read_matrix_header(mapping, format.dtype, file.path());
        case VectorLayout::kNpy:
            break;
    }
    return read_npy(file);
}

File open_vector_file(const std::string& path) {
    // The extension first: it is wrong whether the file is there or not.
    vector_format_of(path, kOperation);
    return File::open_for_reading(path, kOperation);
}

}  // namespace

VectorFile::VectorFile(const File& file) : mapping_(file) {
    const RowsInFile found = find_rows(file, mapping_);
    rows_ = SKEP_HOST_MATRIX(skep_matrix, found.dtype, nullptr, found.num_rows, found.dim);
    rows_.row_stride_bytes = found.stride_bytes;
    if (found.num_rows != 0) rows_.data = mapping_.data() + found.offset;
}

Result<std::unique_ptr<VectorFile>> VectorFile::open(const std::string& path) {
    try {
        return std::unique_ptr<VectorFile>(new VectorFile(open_vector_file(path)));
    } catch (const Error& error) {
        return error;
    }
}

}  // namespace skep
