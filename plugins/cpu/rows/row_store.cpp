// SPDX-License-Identifier: MIT
#include "rows/row_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>

#include "argument_checks.hpp"
#include "numeric_environment.hpp"
#include "search/bounds.hpp"
#include "skep/common/element_type.hpp"
#include "work_meter.hpp"

namespace skep::cpu {
namespace {

// Smallest chunk that appending makes.
constexpr std::uint64_t kFirstChunkBytes = std::uint64_t{256} << 10U;
// Rows copied or examined between two polls.
constexpr std::uint64_t kBytesPerStep = std::uint64_t{1} << 20U;

std::uint64_t rows_per_step(std::uint64_t row_bytes) {
    return std::max<std::uint64_t>(1, kBytesPerStep / row_bytes);
}

std::uint64_t sum_of_elements(const std::byte* row, std::size_t dim) {
    const auto* elements = reinterpret_cast<const std::uint8_t*>(row);
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < dim; ++i)
        sum += elements[i];
    return sum;
}

}  // namespace

RowStore::RowStore(const CpuBackend& backend, const skep_store_options& options)
    : backend_(backend), options_(options) {
    if (options.reserve_slots != 0) add_chunk(make_chunk(options.reserve_slots, "store create"));
}

RowStore::RowStore(const CpuBackend& backend, const skep_store_options& options,
                   const skep_matrix& rows, const skep_release& release, const skep_call* call)
    : backend_(backend), options_(options) {
    if (rows.num_rows != 0) {
        const bool has_int_terms = options.dtype == SKEP_DTYPE_U8;
        ArrayLayout layout;
        const std::uint64_t float_terms = layout.add<float>(rows.num_rows);
        const std::uint64_t int_terms = layout.add<std::int32_t>(has_int_terms ? rows.num_rows : 0);
        RowChunk adopted;
        adopted.memory = HostBuffer(backend.host(), layout.bytes(), "store adopt");
        adopted.capacity_slots = rows.num_rows;
        adopted.rows = static_cast<const std::byte*>(rows.data);
        adopted.row_stride_bytes = rows.row_stride_bytes;
        adopted.float_terms = reinterpret_cast<float*>(adopted.memory.data() + float_terms);
        if (has_int_terms) {
            adopted.int_terms = reinterpret_cast<std::int32_t*>(adopted.memory.data() + int_terms);
        }
        const NumericEnvironment environment;
        WorkMeter meter(call, rows.num_rows);
        const std::uint64_t step = rows_per_step(row_bytes());
        for (std::uint64_t first = 0; first < rows.num_rows; first += step) {
            const std::uint64_t count = std::min(step, rows.num_rows - first);
            derive_terms(adopted, first, count);
            meter.advance(count);
            meter.check("store adopt");
        }
        add_chunk(std::move(adopted));
        num_slots_.store(rows.num_rows, std::memory_order_relaxed);
    }
    release_ = release;
}

RowStore::~RowStore() {
    release_adopted();
}

std::uint64_t RowStore::row_bytes() const {
    return options_.dim * element_bytes(options_.dtype);
}

RowChunk RowStore::make_chunk(std::uint64_t capacity_slots, const char* operation) const {
    ArrayLayout layout;
    const bool has_int_terms = options_.dtype == SKEP_DTYPE_U8;
    const std::uint64_t rows = layout.add<std::byte>(capacity_slots * row_bytes());
    const std::uint64_t float_terms = layout.add<float>(capacity_slots);
    const std::uint64_t int_terms = layout.add<std::int32_t>(has_int_terms ? capacity_slots : 0);
    RowChunk chunk;
    chunk.memory = HostBuffer(backend_.host(), layout.bytes(), operation);
    chunk.capacity_slots = capacity_slots;
    chunk.writable_rows = chunk.memory.data() + rows;
    chunk.rows = chunk.writable_rows;
    chunk.row_stride_bytes = row_bytes();
    chunk.float_terms = reinterpret_cast<float*>(chunk.memory.data() + float_terms);
    if (has_int_terms)
        chunk.int_terms = reinterpret_cast<std::int32_t*>(chunk.memory.data() + int_terms);
    return chunk;
}

void RowStore::add_chunk(RowChunk chunk) {
    const std::uint64_t capacity = capacity_slots_.load(std::memory_order_relaxed);
    chunk.first_slot = capacity;
    capacity_slots_.store(capacity + chunk.capacity_slots, std::memory_order_relaxed);
    reserved_bytes_.fetch_add(chunk.memory.bytes(), std::memory_order_relaxed);
    num_buffers_.fetch_add(1, std::memory_order_relaxed);
    chunks_[num_chunks_] = std::move(chunk);
    ++num_chunks_;
}

void RowStore::drop_last_chunk() noexcept {
    --num_chunks_;
    RowChunk& chunk = chunks_[num_chunks_];
    capacity_slots_.fetch_sub(chunk.capacity_slots, std::memory_order_relaxed);
    reserved_bytes_.fetch_sub(chunk.memory.bytes(), std::memory_order_relaxed);
    num_buffers_.fetch_sub(1, std::memory_order_relaxed);
    chunk = RowChunk{};
}

void RowStore::reserve(std::uint64_t num_slots) {
    if (num_slots > SKEP_MAX_ROWS) {
        fail(SKEP_LIMIT_EXCEEDED,
             fmt::format("reserve: {} rows; a store holds at most {}", num_slots, SKEP_MAX_ROWS));
    }
    const std::uint64_t capacity = capacity_slots_.load(std::memory_order_relaxed);
    if (num_slots <= capacity) return;
    std::uint64_t added = num_slots - capacity;
    if (num_chunks_ >= kMaxExactChunks) added = std::max(added, capacity);
    add_chunk(make_chunk(added, "reserve"));
}

void RowStore::append(const skep_matrix& rows, const skep_call* call) {
    const std::uint64_t old_slots = num_slots();
    if (rows.num_rows > SKEP_MAX_ROWS - old_slots) {
        fail(SKEP_LIMIT_EXCEEDED, fmt::format("append: {} rows behind {}; a store holds at most {}",
                                              rows.num_rows, old_slots, SKEP_MAX_ROWS));
    }
    const std::uint64_t new_slots = old_slots + rows.num_rows;
    const std::uint64_t capacity = capacity_slots_.load(std::memory_order_relaxed);
    const bool has_grown = new_slots > capacity;
    if (has_grown) {
        const std::uint64_t last =
            num_chunks_ == 0 ? 0 : 2 * chunks_[num_chunks_ - 1].capacity_slots;
        std::uint64_t added =
            std::max({new_slots - capacity, last,
                      std::max<std::uint64_t>(1, kFirstChunkBytes / row_bytes())});
        if (num_chunks_ >= kMaxExactChunks) added = std::max(added, capacity);
        add_chunk(make_chunk(added, "append"));
    }

    const NumericEnvironment environment;
    WorkMeter meter(call, rows.num_rows);
    const std::uint64_t step = rows_per_step(row_bytes());
    std::uint64_t done = 0;
    std::size_t position = rows.num_rows == 0 ? 0 : chunk_of(old_slots);
    while (done < rows.num_rows && meter.status() == SKEP_OK) {
        RowChunk& chunk = chunks_[position];
        const std::uint64_t slot = old_slots + done;
        const std::uint64_t room = chunk.first_slot + chunk.capacity_slots - slot;
        if (room == 0) {
            ++position;
            continue;
        }
        const std::uint64_t count = std::min({step, room, rows.num_rows - done});
        const auto* source =
            static_cast<const std::byte*>(rows.data) + done * rows.row_stride_bytes;
        std::byte* target = chunk.writable_rows + (slot - chunk.first_slot) * row_bytes();
        if (rows.row_stride_bytes == row_bytes()) {
            std::memcpy(target, source, count * row_bytes());
        } else {
            for (std::uint64_t row = 0; row < count; ++row) {
                std::memcpy(target + row * row_bytes(), source + row * rows.row_stride_bytes,
                            row_bytes());
            }
        }
        derive_terms(chunk, slot, count);
        done += count;
        meter.advance(count);
    }
    if (meter.status() != SKEP_OK) {
        if (has_grown) drop_last_chunk();
        meter.check("append");
    }
    num_slots_.store(new_slots, std::memory_order_relaxed);
}

void RowStore::derive_terms(RowChunk& chunk, std::uint64_t first_slot, std::uint64_t count) const {
    const ExactKernels& exact = *backend_.kernels().exact;
    const std::int32_t query_shift = backend_.kernels().integers->query_shift;
    for (std::uint64_t slot = first_slot; slot < first_slot + count; ++slot) {
        const std::byte* row = chunk.row(slot);
        const std::uint64_t position = slot - chunk.first_slot;
        const double squared_norm = options_.dtype == SKEP_DTYPE_U8
                                        ? exact.squared_norm_u8(row, options_.dim)
                                        : exact.squared_norm_f32(row, options_.dim);
        chunk.float_terms[position] = float_row_term(options_.metric, options_.dim, squared_norm);
        if (chunk.int_terms != nullptr) {
            chunk.int_terms[position] = integer_row_term(
                options_.metric, query_shift, sum_of_elements(row, options_.dim), squared_norm);
        }
    }
}

void RowStore::truncate(std::uint64_t num_slots) noexcept {
    if (num_slots < this->num_slots()) num_slots_.store(num_slots, std::memory_order_relaxed);
}

std::size_t RowStore::chunk_of(std::uint64_t slot) const {
    std::size_t position = 0;
    while (slot - chunks_[position].first_slot >= chunks_[position].capacity_slots)
        ++position;
    return position;
}

void RowStore::read(std::uint64_t first_slot, const std::uint32_t* slots,
                    const skep_mutable_matrix& out, const skep_call* call) const {
    const std::uint64_t known = num_slots();
    for (std::uint64_t i = 0; i < out.num_rows; ++i) {
        const std::uint64_t slot = slots == nullptr ? first_slot + i : slots[i];
        if (slot >= known || (slots == nullptr && slot < first_slot)) {
            fail(SKEP_INVALID_ARGUMENT,
                 fmt::format("read: slot {} is not below the {} slots of the store", slot, known));
        }
    }
    // The outputs stay untouched on a stop, so the host is asked before the first row only; copying
    // runs at memory speed.
    WorkMeter meter(call, out.num_rows);
    meter.advance(0);
    meter.check("read");
    std::size_t position = 0;
    for (std::uint64_t i = 0; i < out.num_rows; ++i) {
        const std::uint64_t slot = slots == nullptr ? first_slot + i : slots[i];
        if (slot - chunks_[position].first_slot >= chunks_[position].capacity_slots)
            position = chunk_of(slot);
        std::memcpy(static_cast<std::byte*>(out.data) + i * out.row_stride_bytes,
                    chunks_[position].row(slot), row_bytes());
    }
}

void RowStore::compact(std::uint64_t num_slots, const Mask* mask, const skep_call* call) {
    require(num_slots == this->num_slots(), SKEP_INVALID_ARGUMENT,
            "compact: num_slots must be all slots of the store");
    const Visibility visible(mask, nullptr);
    std::uint64_t num_kept = 0;
    for (std::uint64_t slot = 0; slot < num_slots; slot += 64) {
        const auto count =
            static_cast<std::uint32_t>(std::min<std::uint64_t>(64, num_slots - slot));
        num_kept += static_cast<std::uint64_t>(std::popcount(visible.window(slot, count)));
    }
    const bool is_tight = num_kept == num_slots && release_.release == nullptr &&
                          capacity_slots_.load(std::memory_order_relaxed) == num_slots;
    WorkMeter meter(call, num_kept);
    meter.advance(0);
    meter.check("compact");
    if (is_tight) return;

    RowChunk kept;
    if (num_kept != 0) kept = make_chunk(num_kept, "compact");
    const std::uint64_t step = rows_per_step(row_bytes());
    std::uint64_t target = 0;
    std::uint64_t pending = 0;
    for (std::size_t position = 0; target < num_kept; ++position) {
        const RowChunk& chunk = chunks_[position];
        const std::uint64_t end = std::min(num_slots, chunk.first_slot + chunk.capacity_slots);
        for (std::uint64_t slot = chunk.first_slot; slot < end; ++slot) {
            if (visible.window(slot, 1) == 0) continue;
            const std::uint64_t source = slot - chunk.first_slot;
            std::memcpy(kept.writable_rows + target * row_bytes(), chunk.row(slot), row_bytes());
            kept.float_terms[target] = chunk.float_terms[source];
            if (kept.int_terms != nullptr) kept.int_terms[target] = chunk.int_terms[source];
            ++target;
            if (++pending == step) {
                meter.advance(std::exchange(pending, 0));
                meter.check("compact");
            }
        }
    }

    while (num_chunks_ > 0)
        drop_last_chunk();
    release_adopted();
    if (num_kept != 0) add_chunk(std::move(kept));
    num_slots_.store(num_kept, std::memory_order_relaxed);
}

void RowStore::release_adopted() noexcept {
    const skep_release release = std::exchange(release_, skep_release{nullptr, nullptr});
    if (release.release != nullptr) release.release(release.context);
}

skep_store_stats RowStore::stats() const {
    skep_store_stats stats{};
    stats.struct_size = sizeof stats;
    stats.num_slots = num_slots();
    stats.capacity_slots = capacity_slots_.load(std::memory_order_relaxed);
    const std::uint64_t terms = options_.dtype == SKEP_DTYPE_U8 ? 8 : 4;
    stats.used_bytes = stats.num_slots * (row_bytes() + terms);
    stats.reserved_bytes = reserved_bytes_.load(std::memory_order_relaxed);
    stats.num_buffers = num_buffers_.load(std::memory_order_relaxed);
    return stats;
}

}  // namespace skep::cpu
