// SPDX-License-Identifier: MIT
#include "rows/row_table.hpp"

#include <cstdint>
#include <utility>

namespace skep::cpu {

std::uint64_t RowTable::reserved_bytes() const {
    std::uint64_t bytes = 0;
    for (std::size_t position = 0; position < num_chunks; ++position)
        bytes += rows[position].memory->bytes() + codes[position].memory.bytes();
    return bytes;
}

void RowTable::add(RowChunk row_chunk, CodeChunk code_chunk) {
    row_chunk.first_slot = capacity_slots();
    rows[num_chunks] = std::move(row_chunk);
    codes[num_chunks] = std::move(code_chunk);
    ++num_chunks;
}

void RowTable::drop_last() noexcept {
    --num_chunks;
    rows[num_chunks] = RowChunk{};
    codes[num_chunks] = CodeChunk{};
}

}  // namespace skep::cpu
