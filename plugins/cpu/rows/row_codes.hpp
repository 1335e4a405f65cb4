// SPDX-License-Identifier: MIT
// What integer kernels score: bytes of the rows of a store, with terms.
//
// Rows of bytes, u8 or i8, are their own codes. A store of floats keeps codes beside its rows: as
// long as every row consists of integers 0..255 the codes are those integers, afterwards each row
// is coded with a scale of its own (see "Codes" in search/bounds.hpp).
#pragma once

#include <skep/types.h>

#include <array>
#include <cstdint>

#include "host_memory.hpp"
#include "kernels/kernel_table.hpp"

namespace skep::cpu {

// Chunks of one store.
inline constexpr std::size_t kMaxChunks = 64;

enum class CodeKind : std::uint8_t {
    kIntegers,  // the elements themselves
    kScaled,    // scale * (code + int_term), apart from the residual
};

// The codes of the rows of one chunk.
struct CodeChunk {
    const std::byte* codes = nullptr;  // [capacity_slots] rows, row_stride_bytes apart
    std::uint64_t row_stride_bytes = 0;
    std::int32_t* int_terms = nullptr;    // [capacity_slots]; see integer_row_term and RowCode
    float* scales = nullptr;              // [capacity_slots]; floats only
    float* residuals = nullptr;           // [capacity_slots]; floats only
    std::byte* writable_codes = nullptr;  // null: the rows are the codes
    HostBuffer memory;
};

// The codes of all chunks. Readers hold on to the ones that they found, while a writer that has to
// change the kind builds others and then puts them in place.
struct RowCodes {
    CodeKind kind = CodeKind::kIntegers;
    std::array<CodeChunk, kMaxChunks> chunks;
};

// Whether a component is an integer 0..255.
[[nodiscard]] inline bool is_byte(float value) {
    const bool is_in_range = value >= 0.0F && value <= 255.0F;
    const auto integer = static_cast<std::int32_t>(is_in_range ? value : 0.5F);
    return static_cast<float>(integer) == value;
}

// Whether a component is an integer -128..127.
[[nodiscard]] inline bool is_signed_byte(float value) {
    const bool is_in_range = value >= -128.0F && value <= 127.0F;
    const auto integer = static_cast<std::int32_t>(is_in_range ? value : 0.5F);
    return static_cast<float>(integer) == value;
}

// Whether all rows of a matrix of floats consist of integers 0..255. kernels: of its element type.
[[nodiscard]] bool has_byte_rows_only(const skep_matrix& rows, const FloatRowKernels& kernels);

// Rows of floats as 32-bit ones, one at a time: where they lie if they are, else widened into
// memory of its own, which the next row overwrites.
class WideRows {
  public:
    // kernels: of the element type of the rows. Allocates dim floats unless the rows need none.
    WideRows(const skep_host_services& host, const FloatRowKernels& kernels, skep_dtype dtype,
             std::size_t dim, const char* operation);

    // [dim] floats, which may be unaligned.
    [[nodiscard]] const std::byte* floats(const std::byte* row) const {
        if (memory_.data() == nullptr) return row;
        kernels_.widen(row, dim_, reinterpret_cast<float*>(memory_.data()));
        return memory_.data();
    }

  private:
    const FloatRowKernels& kernels_;
    std::size_t dim_;
    HostBuffer memory_;
};

}  // namespace skep::cpu
