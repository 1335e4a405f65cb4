// SPDX-License-Identifier: MIT
// Where the rows of a store and their codes lie: chunks that never move.
//
// Rows of bytes, u8 or i8, are their own codes. A store of floats begins with rows whose elements
// all are whole numbers 0..255 as bytes, which are their codes, too: a quarter or half of the
// memory, and read back bit for bit. From the first other row on new rows are kept as they come,
// and every row has codes with a scale of its own beside it (see "Codes" in search/bounds.hpp);
// bytes that are there already stay.
#pragma once

#include <skep/types.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

#include "host_memory.hpp"

namespace skep::cpu {

// Chunks of one store.
inline constexpr std::size_t kMaxChunks = 64;

enum class CodeKind : std::uint8_t {
    kIntegers,  // the elements themselves
    kScaled,    // scale * (code + int_term), apart from the residual
};

// Consecutive rows. Terms: see search/bounds.hpp.
struct RowChunk {
    std::uint64_t first_slot = 0;
    std::uint64_t capacity_slots = 0;
    // Of the elements as they lie here: the store's type, or u8.
    skep_dtype dtype = SKEP_DTYPE_F32;
    const std::byte* rows = nullptr;  // [capacity_slots] rows, row_stride_bytes apart
    std::uint64_t row_stride_bytes = 0;
    float* float_terms = nullptr;        // [capacity_slots]
    std::byte* writable_rows = nullptr;  // null: adopted memory
    std::shared_ptr<const HostBuffer> memory;

    [[nodiscard]] const std::byte* row(std::uint64_t slot) const {
        return rows + (slot - first_slot) * row_stride_bytes;
    }
    [[nodiscard]] std::uint64_t end_slot() const { return first_slot + capacity_slots; }
};

// The codes of the rows of one chunk.
struct CodeChunk {
    const std::byte* codes = nullptr;  // [capacity_slots] rows, row_stride_bytes apart
    std::uint64_t row_stride_bytes = 0;
    std::int32_t* int_terms = nullptr;    // [capacity_slots]; see integer_row_term and RowCode
    float* scales = nullptr;              // [capacity_slots]; stores of floats only
    float* residuals = nullptr;           // [capacity_slots]; stores of floats only
    std::byte* writable_codes = nullptr;  // null: the rows are the codes
    HostBuffer memory;
};

// All chunks. Readers hold on to the table that they found, while a writer that has to keep rows
// otherwise makes another one and then puts it in place. The writer adds chunks to the table in
// place, behind the slots that readers look at.
struct RowTable {
    // Changes in place only while there are no rows; figures may be asked for meanwhile.
    std::atomic<CodeKind> kind{CodeKind::kIntegers};
    std::array<RowChunk, kMaxChunks> rows;
    std::array<CodeChunk, kMaxChunks> codes;
    std::size_t num_chunks = 0;  // the writer's

    // Position of the chunk that holds a slot the caller may look at.
    [[nodiscard]] std::size_t chunk_of(std::uint64_t slot) const {
        std::size_t position = 0;
        while (slot >= rows[position].end_slot())
            ++position;
        return position;
    }

    // --- the writer ---

    [[nodiscard]] std::uint64_t capacity_slots() const {
        return num_chunks == 0 ? 0 : rows[num_chunks - 1].end_slot();
    }
    [[nodiscard]] std::uint64_t reserved_bytes() const;
    // Behind the last chunk.
    void add(RowChunk row_chunk, CodeChunk code_chunk);
    void drop_last() noexcept;
};

}  // namespace skep::cpu
