// SPDX-License-Identifier: MIT
#include "support/matrix.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <new>

#include "support/library.hpp"

namespace skep::cli {
namespace {

std::uint64_t element_bytes(skep_dtype dtype) {
    switch (dtype) {
        case SKEP_DTYPE_F32:
        case SKEP_DTYPE_I32:
            return 4;
        case SKEP_DTYPE_F16:
        case SKEP_DTYPE_BF16:
            return 2;
        default:
            return 1;
    }
}

std::uint64_t dense_bytes(skep_dtype dtype, std::uint64_t num_rows, std::uint32_t dim) {
    const std::uint64_t row_bytes = element_bytes(dtype) * dim;
    if (row_bytes != 0 && num_rows > std::numeric_limits<std::size_t>::max() / row_bytes) {
        throw std::bad_alloc();
    }
    return num_rows * row_bytes;
}

}  // namespace

std::uint64_t stride_of(const skep_matrix& rows) {
    if (rows.row_stride_bytes != 0) return rows.row_stride_bytes;
    return element_bytes(rows.dtype) * rows.dim;
}

skep_matrix part_of(const skep_matrix& rows, std::uint64_t first, std::uint64_t count) {
    skep_matrix part = rows;
    part.num_rows = count;
    if (first > 0) part.data = static_cast<const std::byte*>(rows.data) + first * stride_of(rows);
    return part;
}

DenseMatrix::DenseMatrix(skep_dtype dtype, std::uint64_t num_rows, std::uint32_t dim)
    : dtype_(dtype),
      num_rows_(num_rows),
      dim_(dim),
      bytes_(static_cast<std::size_t>(dense_bytes(dtype, num_rows, dim))) {
}

skep_matrix DenseMatrix::view() const {
    return SKEP_HOST_MATRIX(skep_matrix, dtype_, bytes_.data(), num_rows_, dim_);
}

skep_mutable_matrix DenseMatrix::mutable_view() {
    return SKEP_HOST_MATRIX(skep_mutable_matrix, dtype_, bytes_.data(), num_rows_, dim_);
}

DenseMatrix rounded(const skep_matrix& rows, skep_dtype dtype) {
    DenseMatrix converted(dtype, rows.num_rows, rows.dim);
    const skep_mutable_matrix target = converted.mutable_view();
    call(skep_vectors_convert, &rows, &target);
    return converted;
}

DenseMatrix dense_queries(const skep_matrix& rows, std::uint64_t num_rows,
                          skep_dtype collection_dtype) {
    const bool is_kept = rows.dtype == collection_dtype || rows.dtype == SKEP_DTYPE_I32;
    const skep_dtype dtype = is_kept ? rows.dtype : SKEP_DTYPE_F32;
    DenseMatrix dense(dtype, num_rows, rows.dim);
    const std::uint64_t num_converted = std::min(num_rows, rows.num_rows);
    if (num_converted == 0) return dense;
    skep_mutable_matrix target = dense.mutable_view();
    const std::uint64_t row_bytes = element_bytes(dtype) * rows.dim;
    auto* out = static_cast<std::byte*>(target.data);
    if (dtype == rows.dtype) {
        const auto* source = static_cast<const std::byte*>(rows.data);
        for (std::uint64_t row = 0; row < num_converted; ++row)
            std::memcpy(out + row * row_bytes, source + row * stride_of(rows), row_bytes);
    } else {
        const skep_matrix source = part_of(rows, 0, num_converted);
        target.num_rows = num_converted;
        call(skep_vectors_convert, &source, &target);
    }
    for (std::uint64_t row = num_converted; row < num_rows; ++row)
        std::memcpy(out + row * row_bytes, out + (row - num_converted) * row_bytes, row_bytes);
    return dense;
}

}  // namespace skep::cli
