// SPDX-License-Identifier: MIT
// Rows in memory, row-major, in chunks that never move, each row with the codes and terms that
// score kernels want.
//
// Threads: as backend.h says. Readers name how many slots they look at; the chunks that hold those
// were complete before the host could know of them, so that reading rows takes no lock while one
// thread appends. Codes are fetched once per search, under a lock held for the copy of a pointer.
#pragma once

#include <skep/backend.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

#include "cpu_backend.hpp"
#include "host_memory.hpp"
#include "rows/mask.hpp"
#include "rows/row_codes.hpp"

namespace skep::cpu {

class WorkMeter;

// Consecutive rows. Terms: see search/bounds.hpp.
struct RowChunk {
    std::uint64_t first_slot = 0;
    std::uint64_t capacity_slots = 0;
    const std::byte* rows = nullptr;  // [capacity_slots] rows, row_stride_bytes apart
    std::uint64_t row_stride_bytes = 0;
    float* float_terms = nullptr;        // [capacity_slots]
    std::byte* writable_rows = nullptr;  // null: adopted memory
    HostBuffer memory;

    [[nodiscard]] const std::byte* row(std::uint64_t slot) const {
        return rows + (slot - first_slot) * row_stride_bytes;
    }
};

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
    // Of the element type of the rows.
    [[nodiscard]] const FloatRowKernels& float_row_kernels() const {
        return backend_.kernels().floats->rows[options_.dtype];
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

    // Chunk 0, 1, ... as long as its first slot is below the slots that the caller may look at.
    [[nodiscard]] const RowChunk& chunk(std::size_t position) const { return chunks_[position]; }
    // Codes of at least the slots that the caller may look at.
    [[nodiscard]] std::shared_ptr<const RowCodes> codes() const;
    // Position of the chunk that holds a slot the caller may look at.
    [[nodiscard]] std::size_t chunk_of(std::uint64_t slot) const;

  private:
    // Appending doubles the capacity and reserving is exact while few chunks are in use; from there
    // on both at least double it, so that 2^32 rows fit.
    static constexpr std::size_t kMaxExactChunks = 24;

    [[nodiscard]] std::uint64_t row_bytes() const;
    // Of one row, besides the row itself.
    [[nodiscard]] std::uint64_t code_bytes() const;
    [[nodiscard]] RowChunk make_chunk(std::uint64_t capacity_slots, const char* operation) const;
    [[nodiscard]] CodeChunk make_codes(const RowChunk& chunk, const char* operation) const;
    // Appends a chunk and its codes, which may still be private to the writer.
    void add_chunk(RowChunk chunk, CodeChunk code_chunk, RowCodes& codes);
    void drop_last_chunk(RowCodes& codes) noexcept;
    // The kind of codes that fits what the store holds and these rows.
    [[nodiscard]] CodeKind kind_with(const skep_matrix& rows) const;
    // Codes of another kind for the rows that the store holds. Null when stopped.
    [[nodiscard]] std::shared_ptr<RowCodes> encode_again(CodeKind kind, WorkMeter& meter) const;
    void put_in_place(std::shared_ptr<RowCodes> codes);
    [[nodiscard]] double squared_norm(const std::byte* row) const;
    [[nodiscard]] WideRows wide_rows(const char* operation) const;
    // Derives the terms and codes of rows that lie in the chunk already.
    void derive(const RowChunk& chunk, const CodeChunk& codes, CodeKind kind,
                std::uint64_t first_slot, std::uint64_t count, const WideRows& wide) const;
    // The codes alone, of one row.
    void encode(const RowChunk& chunk, const CodeChunk& codes, CodeKind kind, std::uint64_t slot,
                double squared_norm, const WideRows& wide) const;
    void release_adopted() noexcept;

    const CpuBackend& backend_;
    skep_store_options options_;
    std::array<RowChunk, kMaxChunks> chunks_;
    mutable std::mutex codes_mutex_;   // guards the pointer
    std::shared_ptr<RowCodes> codes_;  // chunks as in chunks_
    std::size_t num_chunks_ = 0;       // the writer's
    std::atomic<std::uint64_t> num_slots_{0};
    std::atomic<std::uint64_t> capacity_slots_{0};
    std::atomic<std::uint64_t> num_buffers_{0};
    std::atomic<std::uint64_t> reserved_bytes_{0};
    skep_release release_{nullptr, nullptr};
};

}  // namespace skep::cpu
