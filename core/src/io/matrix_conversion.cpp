// SPDX-License-Identifier: MIT
#include "io/matrix_conversion.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "collection/validation.hpp"
#include "io/component_conversion.hpp"
#include "skep/common/element_type.hpp"

namespace skep {

Result<void> convert_matrix(const char* operation, const skep_matrix& rows,
                            const skep_mutable_matrix& out) {
    const std::size_t out_row_bytes = rows.dim * element_bytes(out.dtype);
    const std::uint64_t out_stride =
        out.row_stride_bytes != 0 ? out.row_stride_bytes : out_row_bytes;
    const auto source_of = [&](std::uint64_t row) {
        return static_cast<const std::byte*>(rows.data) + row * row_stride(rows);
    };
    std::vector<std::byte> checked(out_row_bytes);
    for (std::uint64_t row = 0; row < rows.num_rows; ++row) {
        const std::byte* const source = source_of(row);
        const std::size_t position =
            round_components(rows.dtype, source, out.dtype, checked.data(), rows.dim);
        if (position == rows.dim) continue;
        const std::byte* const component = source + position * element_bytes(rows.dtype);
        return client_error(SKEP_INVALID_ARGUMENT,
                            fmt::format("{}: row {} component {} is {}; {} holds {}", operation,
                                        row, position, component_text(rows.dtype, component),
                                        dtype_text(out.dtype), range_text(out.dtype)));
    }
    for (std::uint64_t row = 0; row < rows.num_rows; ++row) {
        round_components(rows.dtype, source_of(row), out.dtype,
                         static_cast<std::byte*>(out.data) + row * out_stride, rows.dim);
    }
    return {};
}

}  // namespace skep
