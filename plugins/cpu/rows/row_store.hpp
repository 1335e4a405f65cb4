// SPDX-License-Identifier: MIT
// Rows in memory, row-major, in chunks that never move, each row with the codes and terms that
// score kernels want.
//
// Threads: as backend.h says. Readers fetch the table of chunks once, under a lock held for the
// copy of a pointer, and name how many slots they look at; the chunks that hold those were complete
// before the host could know of them, so that reading takes no lock while one thread appends.
#pragma once

#include <skep/backend.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

#include "cpu_backend.hpp"
#include "host_memory.hpp"
#include "rows/mask.hpp"
#include "rows/row_codes.hpp"
#include "rows/row_table.hpp"

namespace skep::cpu {

class WorkMeter;

class RowStore {
  public:
    RowStore(const CpuBackend& backend, const skep_store_options& options);
    // Over rows of the caller, which has been checked; `release` is called by the destructor or by
    // compact.
    RowStore(const CpuBackend& backend, const skep_store_options& options, const skep_matrix& rows,
             const skep_release& release, const skep_call* call);
    ~RowStore();
    RowStore(const RowStore&) = delete;
    RowStore& operator=(const RowStore&) = delete;

    [[nodiscard]] const CpuBackend& backend() const { return backend_; }
    [[nodiscard]] skep_metric metric() const { return options_.metric; }
    [[nodiscard]] skep_dtype dtype() const { return options_.dtype; }
    [[nodiscard]] std::uint32_t dim() const { return options_.dim; }
    // Of an element type, such as that of a chunk.
    [[nodiscard]] const FloatRowKernels& float_row_kernels(skep_dtype dtype) const {
        return backend_.kernels().floats->rows[dtype];
    }
    // Of integer codes.
    [[nodiscard]] skep_dtype code_dtype() const {
        return options_.dtype == SKEP_DTYPE_I8 ? SKEP_DTYPE_I8 : SKEP_DTYPE_U8;
    }
    // Of the sign of the codes.
    [[nodiscard]] const IntegerKernels& integer_kernels() const {
        const KernelTable& kernels = backend_.kernels();
        return *(options_.dtype == SKEP_DTYPE_I8 ? kernels.signed_integers : kernels.integers);
    }
    [[nodiscard]] std::uint64_t num_slots() const {
        // Whoever sees a number of slots also sees their rows and codes.
        return num_slots_.load(std::memory_order_acquire);
    }

    void reserve(std::uint64_t num_slots);
    void append(const skep_matrix& rows, const skep_call* call);
    void truncate(std::uint64_t num_slots) noexcept;
    void read(std::uint64_t first_slot, const std::uint32_t* slots, const skep_mutable_matrix& out,
              const skep_call* call) const;
    // Copies the kept rows into one chunk of exactly their size before it frees anything, so that a
    // failure changes nothing; the peak is one copy of what is kept.
    void compact(std::uint64_t num_slots, const Mask* mask, const skep_call* call);
    [[nodiscard]] skep_store_stats stats() const;

    // Chunks of at least the slots that the caller may look at.
    [[nodiscard]] std::shared_ptr<const RowTable> table() const;

  private:
    // Appending doubles the capacity and reserving is exact while few chunks are in use; from there
    // on both at least double it, so that 2^32 rows fit.
    static constexpr std::size_t kMaxExactChunks = 24;

    [[nodiscard]] std::uint64_t row_bytes() const;
    // Of one row with its terms and codes, as chunks of this type keep it.
    [[nodiscard]] std::uint64_t used_bytes(skep_dtype chunk_dtype, CodeKind kind) const;
    // How rows are kept beside codes of a kind.
    [[nodiscard]] skep_dtype kept_dtype(CodeKind kind) const;
    [[nodiscard]] RowChunk make_chunk(std::uint64_t capacity_slots, skep_dtype dtype,
                                      const char* operation) const;
    [[nodiscard]] CodeChunk make_codes(const RowChunk& chunk, CodeKind kind,
                                       const char* operation) const;
    // Appends to a table a chunk with its codes.
    void add_chunk(RowTable& table, std::uint64_t capacity_slots, skep_dtype dtype,
                   const char* operation) const;
    // The kind of codes that fits what the store holds and these rows.
    [[nodiscard]] CodeKind kind_with(const skep_matrix& rows) const;
    // Whether all room behind the rows is as this kind wants it.
    [[nodiscard]] bool has_room_for(CodeKind kind) const;
    // A table of the rows that the store holds, with codes of a kind and no room behind them. Where
    // the meter stops, an unfinished one.
    [[nodiscard]] std::shared_ptr<RowTable> remade(CodeKind kind, WorkMeter& meter) const;
    void put_in_place(std::shared_ptr<RowTable> table);
    // What stats() says of the table in place.
    void count_table();
    [[nodiscard]] double squared_norm(const std::byte* row, skep_dtype dtype) const;
    // widens_bytes: whether rows that are kept as bytes are coded anew.
    [[nodiscard]] WideRows wide_rows(bool widens_bytes, const char* operation) const;
    // Copies rows of the store's type into a chunk.
    void copy_rows(const skep_matrix& rows, std::uint64_t first_row, std::uint64_t count,
                   const RowChunk& chunk, std::uint64_t first_slot, const WideRows& wide) const;
    // Derives the terms and codes of rows that lie in the chunk already.
    void derive(const RowChunk& chunk, const CodeChunk& codes, CodeKind kind,
                std::uint64_t first_slot, std::uint64_t count, const WideRows& wide) const;
    // The codes alone, of one row.
    void encode(const RowChunk& chunk, const CodeChunk& codes, CodeKind kind, std::uint64_t slot,
                double squared_norm, const WideRows& wide) const;
    void release_adopted() noexcept;

    const CpuBackend& backend_;
    skep_store_options options_;
    mutable std::mutex table_mutex_;   // guards the pointer
    std::shared_ptr<RowTable> table_;  // only the writer changes it
    std::atomic<std::uint64_t> num_slots_{0};
    std::atomic<std::uint64_t> capacity_slots_{0};
    std::atomic<std::uint64_t> num_buffers_{0};
    std::atomic<std::uint64_t> reserved_bytes_{0};
    skep_release release_{nullptr, nullptr};
};

}  // namespace skep::cpu
