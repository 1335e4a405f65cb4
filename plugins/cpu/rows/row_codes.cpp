// SPDX-License-Identifier: MIT
#include "rows/row_codes.hpp"

#include <cstdint>
#include <cstring>

namespace skep::cpu {
namespace {

bool is_byte_row(const std::byte* row, std::size_t dim) {
    // In steps, so that the common case of a first element that is none ends at once.
    constexpr std::size_t kStep = 16;
    for (std::size_t first = 0; first < dim; first += kStep) {
        const std::size_t end = dim - first < kStep ? dim : first + kStep;
        bool are_bytes = true;
        for (std::size_t i = first; i < end; ++i) {
            float value;
            std::memcpy(&value, row + i * sizeof value, sizeof value);
            are_bytes &= is_byte(value);
        }
        if (!are_bytes) return false;
    }
    return true;
}

}  // namespace

bool has_byte_rows_only(const skep_matrix& rows) {
    for (std::uint64_t row = 0; row < rows.num_rows; ++row) {
        const auto* elements =
            static_cast<const std::byte*>(rows.data) + row * rows.row_stride_bytes;
        if (!is_byte_row(elements, rows.dim)) return false;
    }
    return true;
}

}  // namespace skep::cpu
