// SPDX-License-Identifier: MIT
#include "rows/row_codes.hpp"

#include <algorithm>
#include <cstdint>

#include "skep/common/element_type.hpp"

namespace skep::cpu {
namespace {

bool is_byte_row(const std::byte* row, std::size_t dim, std::size_t element_bytes,
                 const FloatRowKernels& kernels) {
    // In steps, so that the common case of a first element that is none ends at once.
    constexpr std::size_t kStep = 16;
    float values[kStep];
    for (std::size_t first = 0; first < dim; first += kStep) {
        const std::size_t count = std::min(kStep, dim - first);
        kernels.widen(row + first * element_bytes, count, values);
        bool are_bytes = true;
        for (std::size_t i = 0; i < count; ++i)
            are_bytes &= is_byte(values[i]);
        if (!are_bytes) return false;
    }
    return true;
}

}  // namespace

bool has_byte_rows_only(const skep_matrix& rows, const FloatRowKernels& kernels) {
    for (std::uint64_t row = 0; row < rows.num_rows; ++row) {
        const auto* elements =
            static_cast<const std::byte*>(rows.data) + row * rows.row_stride_bytes;
        if (!is_byte_row(elements, rows.dim, element_bytes(rows.dtype), kernels)) return false;
    }
    return true;
}

WideRows::WideRows(const skep_host_services& host, const FloatRowKernels& kernels, skep_dtype dtype,
                   std::size_t dim, const char* operation)
    : kernels_(kernels),
      dim_(dim),
      memory_(host, element_bytes(dtype) == sizeof(F16) ? dim * sizeof(float) : 0, operation) {
}

}  // namespace skep::cpu
