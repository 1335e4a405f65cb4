// SPDX-License-Identifier: MIT
// Rows in memory, row-major, in chunks that never move, each row with the terms that score kernels
// want.
//
// Threads: as backend.h says. Readers name how many slots they look at; the chunks that hold those
// were complete before the host could know of them, so that reading takes no lock while one thread
// appends.
#pragma once

#include <skep/backend.h>

#include <array>
#include <atomic>
#include <cstdint>

#include "cpu_backend.hpp"
#include "host_memory.hpp"
#include "rows/mask.hpp"

namespace skep::cpu {

// Consecutive rows. Terms: see search/bounds.hpp.
struct RowChunk {
    std::uint64_t first_slot = 0;
    std::uint64_t capacity_slots = 0;
    const std::byte* rows = nullptr;  // [capacity_slots] rows, row_stride_bytes apart
    std::uint64_t row_stride_bytes = 0;
    float* float_terms = nullptr;        // [capacity_slots]
    std::int32_t* int_terms = nullptr;   // [capacity_slots]; u8 only
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
    [[nodiscard]] std::uint64_t num_slots() const {
        return num_slots_.load(std::memory_order_relaxed);
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
    // Position of the chunk that holds a slot the caller may look at.
    [[nodiscard]] std::size_t chunk_of(std::uint64_t slot) const;

  private:
    // Appending doubles the capacity and reserving is exact while few chunks are in use; from there
    // on both at least double it, so that 2^32 rows fit.
    static constexpr std::size_t kMaxChunks = 64;
    static constexpr std::size_t kMaxExactChunks = 24;

    [[nodiscard]] std::uint64_t row_bytes() const;
    [[nodiscard]] RowChunk make_chunk(std::uint64_t capacity_slots, const char* operation) const;
    void add_chunk(RowChunk chunk);
    void drop_last_chunk() noexcept;
    // Derives the terms of rows that lie in the chunk already. False when stopped.
    void derive_terms(RowChunk& chunk, std::uint64_t first_slot, std::uint64_t count) const;
    void release_adopted() noexcept;

    const CpuBackend& backend_;
    skep_store_options options_;
    std::array<RowChunk, kMaxChunks> chunks_;
    std::size_t num_chunks_ = 0;  // the writer's
    std::atomic<std::uint64_t> num_slots_{0};
    std::atomic<std::uint64_t> capacity_slots_{0};
    std::atomic<std::uint64_t> num_buffers_{0};
    std::atomic<std::uint64_t> reserved_bytes_{0};
    skep_release release_{nullptr, nullptr};
};

}  // namespace skep::cpu
