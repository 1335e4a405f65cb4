// SPDX-License-Identifier: MIT
// Rows as bytes and as floats: which rows are whole numbers that a byte holds, and both
// conversions.
#pragma once

#include <skep/types.h>

#include <bit>
#include <cstdint>

#include "host_memory.hpp"
#include "kernels/kernel_table.hpp"

namespace skep::cpu {

// Whether a component is an integer 0..255.
[[nodiscard]] inline bool is_byte(float value) {
    const bool is_in_range = value >= 0.0F && value <= 255.0F;
    const auto integer = static_cast<std::int32_t>(is_in_range ? value : 0.5F);
    return static_cast<float>(integer) == value;
}

// Whether a byte stands for every bit of it: -0 it does not.
[[nodiscard]] inline bool is_kept_by_byte(float value) {
    return is_byte(value) && std::bit_cast<std::int32_t>(value) >= 0;
}

// Whether a component is an integer -128..127.
[[nodiscard]] inline bool is_signed_byte(float value) {
    const bool is_in_range = value >= -128.0F && value <= 127.0F;
    const auto integer = static_cast<std::int32_t>(is_in_range ? value : 0.5F);
    return static_cast<float>(integer) == value;
}

// Whether bytes stand for every bit of all rows of a matrix of floats. kernels: of its element
// type.
[[nodiscard]] bool has_byte_rows_only(const skep_matrix& rows, const FloatRowKernels& kernels);

// Bytes of a row of 32-bit floats, which may be unaligned, that bytes stand for.
void narrow_row(const std::byte* row, std::size_t dim, std::byte* bytes);

// The row of floats of a type that bytes stand for; may be unaligned.
void expand_row(const std::byte* bytes, std::size_t dim, skep_dtype dtype, std::byte* row);

// Rows as 32-bit floats, one at a time: where they lie if that is what they are, else widened into
// memory of its own, which the next row overwrites.
class WideRows {
  public:
    // kernels: indexed by dtype. widens: false where all rows are 32-bit floats; else allocates
    // dim floats.
    WideRows(const skep_host_services& host, const FloatRowKernels* kernels, std::size_t dim,
             bool widens, const char* operation)
        : kernels_(kernels),
          dim_(dim),
          memory_(host, widens ? dim * sizeof(float) : 0, operation) {}

    // [dim] floats, which may be unaligned.
    [[nodiscard]] const std::byte* floats(const std::byte* row, skep_dtype dtype) const {
        if (dtype == SKEP_DTYPE_F32) return row;
        kernels_[dtype].widen(row, dim_, reinterpret_cast<float*>(memory_.data()));
        return memory_.data();
    }

  private:
    const FloatRowKernels* kernels_;
    std::size_t dim_;
    HostBuffer memory_;
};

}  // namespace skep::cpu
