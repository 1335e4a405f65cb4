// SPDX-License-Identifier: MIT
#include "support/matrix.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <new>

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

template <typename Element>
void widen_row(const std::byte* row, std::uint32_t dim, std::byte* out) {
    for (std::uint32_t component = 0; component < dim; ++component) {
        Element element{};
        std::memcpy(&element, row + component * sizeof element, sizeof element);
        const auto wide = static_cast<float>(element);
        std::memcpy(out + component * sizeof wide, &wide, sizeof wide);
    }
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

DenseMatrix dense_queries(const skep_matrix& rows, std::uint64_t num_rows,
                          skep_dtype collection_dtype) {
    const bool is_bytes = rows.dtype == SKEP_DTYPE_U8 || rows.dtype == SKEP_DTYPE_I8;
    const bool is_widened = is_bytes && rows.dtype != collection_dtype;
    DenseMatrix dense(is_widened ? SKEP_DTYPE_F32 : rows.dtype, num_rows, rows.dim);

    const skep_mutable_matrix target = dense.mutable_view();
    const std::uint64_t row_bytes = element_bytes(target.dtype) * target.dim;
    const auto* source = static_cast<const std::byte*>(rows.data);
    auto* out = static_cast<std::byte*>(target.data);
    for (std::uint64_t row = 0; row < num_rows; ++row, out += row_bytes) {
        const std::byte* from = source + row % rows.num_rows * stride_of(rows);
        if (!is_widened) {
            std::memcpy(out, from, static_cast<std::size_t>(row_bytes));
        } else if (rows.dtype == SKEP_DTYPE_U8) {
            widen_row<std::uint8_t>(from, rows.dim, out);
        } else {
            widen_row<std::int8_t>(from, rows.dim, out);
        }
    }
    return dense;
}

}  // namespace skep::cli
