// SPDX-License-Identifier: MIT
#include "rows/row_codes.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

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
            are_bytes &= is_kept_by_byte(values[i]);
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

void narrow_row(const std::byte* row, std::size_t dim, std::byte* bytes) {
    for (std::size_t i = 0; i < dim; ++i) {
        float value;
        std::memcpy(&value, row + i * sizeof value, sizeof value);
        bytes[i] = static_cast<std::byte>(static_cast<std::int32_t>(value));
    }
}

void expand_row(const std::byte* bytes, std::size_t dim, skep_dtype dtype, std::byte* row) {
    for (std::size_t i = 0; i < dim; ++i) {
        const auto value = static_cast<float>(std::to_integer<std::uint8_t>(bytes[i]));
        if (dtype == SKEP_DTYPE_F32) {
            std::memcpy(row + i * sizeof value, &value, sizeof value);
            continue;
        }
        // Both have the eight bits of precision that it takes.
        const std::uint16_t narrow = dtype == SKEP_DTYPE_F16
                                         ? nearest_f16(static_cast<double>(value))
                                         : nearest_bf16(static_cast<double>(value));
        std::memcpy(row + i * sizeof narrow, &narrow, sizeof narrow);
    }
}

}  // namespace skep::cpu
