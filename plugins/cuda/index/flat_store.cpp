// SPDX-License-Identifier: MIT
#include "index/flat_store.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#include "index/flat_kernels.hpp"
#include "index/plain_search.hpp"
#include "index/scratch_layout.hpp"
#include "kernels/encode_params.h"
#include "skep/result.hpp"

namespace skep::cuda {
namespace {

// Half of the staging buffer: one is filled while the other is copied. Larger ones do not copy
// faster over PCIe.
constexpr std::uint64_t kStagingBytes = 4ULL << 20;

// Rows are moved by words.
constexpr std::uint64_t kRowUnit = sizeof(std::uint32_t);

template <typename Number>
Number round_up(Number value, Number unit) {
    return (value + unit - 1) / unit * unit;
}

const std::byte* row_of(const skep_matrix& matrix, std::uint64_t row, std::uint64_t row_bytes) {
    const std::uint64_t stride = matrix.row_stride_bytes != 0 ? matrix.row_stride_bytes : row_bytes;
    return static_cast<const std::byte*>(matrix.data) + row * stride;
}

}  // namespace

void require_store_shape(const skep_store_options& options, const char* operation) {
    if (options.dim == 0 || options.dim > SKEP_MAX_DIM) {
        throw Error(SKEP_INVALID_DIMENSION,
                    fmt::format("{}: dim {} is not 1 to {}", operation, options.dim, SKEP_MAX_DIM),
                    SKEP_LAYER_BACKEND);
    }
    if (options.dtype < SKEP_DTYPE_F32 || options.dtype > SKEP_DTYPE_U8) {
        throw Error(SKEP_UNSUPPORTED_TYPE,
                    fmt::format("{}: element type {} is not offered; f32 ({}) to u8 ({}) are",
                                operation, options.dtype, SKEP_DTYPE_F32, SKEP_DTYPE_U8),
                    SKEP_LAYER_BACKEND);
    }
    if (options.metric != SKEP_METRIC_COSINE && options.metric != SKEP_METRIC_L2 &&
        options.metric != SKEP_METRIC_INNER_PRODUCT) {
        throw Error(SKEP_INVALID_ARGUMENT,
                    fmt::format("{}: metric {} is not known", operation, options.metric),
                    SKEP_LAYER_BACKEND);
    }
}

FlatStore::FlatStore(std::shared_ptr<Device> device, const skep_store_options& options)
    : device_(std::move(device)),
      metric_(options.metric),
      dtype_(options.dtype),
      dim_(options.dim),
      code_stride_(round_up(dim_, kCodeAlignment)),
      row_bytes_{has_byte_rows() ? code_stride_ : round_up(dim_ * element_bytes(dtype_), kRowUnit),
                 has_byte_rows() ? 0 : code_stride_, sizeof(float), sizeof(RowBounds)} {
    require_store_shape(options, "store_create");
    const ScopedContext scope(*device_->context(), "store_create");
    // Settles the rung, and is ready for a first answer.
    device_->modules().function(kernels::row_kernels(dtype_).plain[metric_],
                                plain_shared_bytes(kMaxPlainSlots));
    memory_ = make_memory(options.reserve_slots);
    if (options.reserve_slots != 0) make_room(options.reserve_slots, "store_create");
}

std::shared_ptr<FlatStore::Memory> FlatStore::memory() const {
    const std::lock_guard lock(memory_mutex_);
    return memory_;
}

FlatStore::Snapshot FlatStore::snapshot() const {
    // In this order: the memory holds every slot that was counted.
    Snapshot now{num_slots_, {}, 0, nullptr};
    const std::shared_ptr<Memory> current = memory();
    now.view.rows = device_pointer<const void>(current->at(kRows));
    now.view.codes =
        device_pointer<const std::uint8_t>(current->at(has_byte_rows() ? kRows : kCodes));
    now.view.half_norms = device_pointer<const float>(current->at(kHalfNorms));
    now.view.bounds = device_pointer<const RowBounds>(current->at(kBounds));
    now.view.dim = dim_;
    now.view.row_stride_bytes = row_stride_bytes();
    now.view.code_stride = code_stride_;
    now.view.metric = metric_;
    now.view.element_type = dtype_;
    now.codes_are = current->codes_are;
    now.memory = current;
    return now;
}

void FlatStore::replace_memory(std::shared_ptr<Memory> memory) {
    const std::lock_guard lock(memory_mutex_);
    memory_.swap(memory);
}

std::uint64_t FlatStore::capacity_slots(const Memory& memory) const {
    std::uint64_t capacity = SKEP_MAX_ROWS;
    for (std::size_t column = 0; column < kNumColumns; ++column) {
        if (!memory.columns[column]) continue;
        capacity = std::min(capacity, memory.columns[column]->mapped_bytes() / row_bytes_[column]);
    }
    return capacity;
}

std::shared_ptr<GrowableMemory> FlatStore::make_column(std::size_t column,
                                                       std::uint64_t num_slots) const {
    if (row_bytes_[column] == 0) return nullptr;
    const DeviceFacts& facts = device_->facts();
    // All of the device's memory fits behind each address, or twice what is needed if that is more.
    const std::uint64_t reserve = std::max(facts.total_bytes, 2 * column_bytes(column, num_slots));
    return std::make_shared<GrowableMemory>(device_->context(), reserve, facts.has_virtual_memory);
}

std::shared_ptr<FlatStore::Memory> FlatStore::make_memory(std::uint64_t num_slots) const {
    auto memory = std::make_shared<Memory>();
    memory->codes_are = first_codes();
    for (std::size_t column = 0; column < kNumColumns; ++column)
        memory->columns[column] = make_column(column, num_slots);
    return memory;
}

void FlatStore::grow_in_place(Memory& memory, std::uint64_t num_slots,
                              const char* operation) const {
    std::array<std::uint64_t, kNumColumns> bytes_before{};
    std::size_t column = 0;
    try {
        for (; column < kNumColumns; ++column) {
            if (!memory.columns[column]) continue;
            bytes_before[column] = memory.columns[column]->mapped_bytes();
            memory.columns[column]->grow(column_bytes(column, num_slots), operation);
        }
    } catch (...) {
        while (column-- > 0) {
            if (memory.columns[column]) memory.columns[column]->shrink(bytes_before[column]);
        }
        throw;
    }
}

void FlatStore::make_room(std::uint64_t num_slots, const char* operation) {
    if (num_slots > SKEP_MAX_ROWS) {
        throw Error(
            SKEP_LIMIT_EXCEEDED,
            fmt::format("{}: {} rows exceed the limit of {}", operation, num_slots, SKEP_MAX_ROWS),
            SKEP_LAYER_BACKEND);
    }
    const std::shared_ptr<Memory> current = memory();
    if (num_slots <= capacity_slots(*current)) return;
    bool can_grow = true;
    for (std::size_t column = 0; column < kNumColumns; ++column) {
        if (!current->columns[column]) continue;
        can_grow &= current->columns[column]->can_hold(column_bytes(column, num_slots));
    }
    if (can_grow) {
        grow_in_place(*current, num_slots, operation);
        return;
    }

    // Move: half as much again as there was, so that appending row by row stays linear.
    const std::uint64_t used = num_slots_;
    const std::uint64_t wished =
        std::min<std::uint64_t>(std::max(num_slots, used + used / 2), SKEP_MAX_ROWS);
    const std::shared_ptr<Memory> moved = make_memory(wished);
    moved->codes_are = current->codes_are.load();
    grow_in_place(*moved, wished, operation);
    if (used != 0) {
        const LanePool::Lease lane = device_->lanes().acquire();
        for (std::size_t column = 0; column < kNumColumns; ++column) {
            if (!current->columns[column]) continue;
            lane->copy_on_device(moved->columns[column]->pointer(),
                                 current->columns[column]->pointer(), used * row_bytes_[column]);
        }
        lane->wait(nullptr);
    }
    replace_memory(moved);
}

void FlatStore::reserve(std::uint64_t num_slots) {
    const ScopedContext scope(*device_->context(), "store_reserve");
    make_room(num_slots, "store_reserve");
}

skep_status FlatStore::append(const skep_matrix& rows, const skep_call* call) {
    if (rows.num_rows == 0) return SKEP_OK;
    const std::uint64_t row_bytes = host_row_bytes();
    const std::uint64_t row_stride = row_stride_bytes();
    const ScopedContext scope(*device_->context(), "store_append");
    const std::uint64_t first_slot = num_slots_;
    const std::uint64_t end_slot = first_slot + rows.num_rows;
    make_room(end_slot, "store_append");
    const std::shared_ptr<Memory> target = memory();

    // Small stores are searched plainly and need no encoding; the append that makes one large
    // encodes all of it.
    const bool is_encoding = !is_searched_plainly(end_slot);
    const LanePool::Lease lane = device_->lanes().acquire();
    const std::uint64_t rows_per_half =
        std::clamp<std::uint64_t>(kStagingBytes / row_stride, 1, rows.num_rows);
    const std::uint64_t half_bytes = rows_per_half * row_stride;
    ScratchLayout pieces;
    const std::uint64_t halves_at =
        pieces.take(rows_per_half < rows.num_rows ? 2 * half_bytes : half_bytes);
    const std::uint64_t misfits_at = pieces.take(sizeof(std::uint32_t));
    std::byte* pinned = lane->pinned(pieces.end());
    auto* misfits = reinterpret_cast<std::uint32_t*>(pinned + misfits_at);
    *misfits = 0;
    if (is_encoding) {
        // Bytes, until a row says otherwise; i8 rows stay themselves.
        if (num_encoded_ == 0) target->codes_are = first_codes();
        encode(*lane, *target, num_encoded_, first_slot, misfits);
    }

    std::size_t half = 0;
    for (std::uint64_t begin = 0; begin < rows.num_rows; begin += rows_per_half, half ^= 1U) {
        const std::uint64_t count = std::min(rows_per_half, rows.num_rows - begin);
        if (call != nullptr) {
            const skep_status stop = call->poll(call->context, begin, rows.num_rows);
            if (stop != SKEP_OK) return stop;
        }
        lane->wait_for_mark(half);
        std::byte* staged = pinned + halves_at + half * half_bytes;
        const bool is_dense = row_bytes == row_stride &&
                              (rows.row_stride_bytes == 0 || rows.row_stride_bytes == row_bytes);
        if (is_dense) {
            device_->workers().copy(staged, row_of(rows, begin, row_bytes), count * row_bytes);
        } else {
            for (std::uint64_t row = 0; row < count; ++row) {
                std::byte* line = staged + row * row_stride;
                std::memcpy(line, row_of(rows, begin + row, row_bytes), row_bytes);
                std::memset(line + row_bytes, 0, row_stride - row_bytes);
            }
        }
        const std::uint64_t slot = first_slot + begin;
        lane->copy_to_device(target->at(kRows) + slot * row_stride, staged, count * row_stride);
        lane->mark(half);
        // A misfit seen by now saves the rest codes that will not stay.
        if (is_encoding && std::atomic_ref(*misfits).load(std::memory_order_relaxed) == 0) {
            encode(*lane, *target, slot, slot + count, misfits);
        }
    }
    skep_status stop = lane->wait(call);
    if (stop == SKEP_OK && *misfits != 0) {
        stop = change_codes(*lane, *target, end_slot, misfits, call);
    }
    if (stop != SKEP_OK) return stop;
    num_slots_ = end_slot;
    if (is_encoding) num_encoded_ = end_slot;
    return SKEP_OK;
}

skep_status FlatStore::encode_all(const skep_call* call) {
    const std::uint64_t num_slots = num_slots_;
    if (num_encoded_ >= num_slots) return SKEP_OK;
    const ScopedContext scope(*device_->context(), "encode");
    const std::shared_ptr<Memory> target = memory();
    const LanePool::Lease lane = device_->lanes().acquire();
    auto* misfits = reinterpret_cast<std::uint32_t*>(lane->pinned(sizeof(std::uint32_t)));
    *misfits = 0;
    if (num_encoded_ == 0) target->codes_are = first_codes();
    encode(*lane, *target, num_encoded_, num_slots, misfits);
    skep_status stop = lane->wait(call);
    if (stop == SKEP_OK && *misfits != 0) {
        stop = change_codes(*lane, *target, num_slots, misfits, call);
    }
    if (stop == SKEP_OK) num_encoded_ = num_slots;
    return stop;
}

skep_status FlatStore::change_codes(Lane& lane, const Memory& memory, std::uint64_t num_slots,
                                    std::uint32_t* misfits, const skep_call* call) {
    auto target = std::make_shared<Memory>();
    target->columns[kRows] = memory.columns[kRows];
    const std::uint64_t capacity = std::max(capacity_slots(memory), num_slots);
    for (const Column column : {kCodes, kHalfNorms, kBounds}) {
        target->columns[column] =
            num_encoded_ == 0 ? memory.columns[column] : make_column(column, capacity);
    }
    if (num_encoded_ != 0) grow_in_place(*target, capacity, "store_append");
    // From bytes to unsigned codes, and to signed ones if these do not fit either.
    while (*misfits != 0) {
        target->codes_are = static_cast<std::int32_t>(*misfits);
        *misfits = 0;
        encode(lane, *target, 0, num_slots, misfits);
        const skep_status stop = lane.wait(call);
        if (stop != SKEP_OK) return stop;
    }
    replace_memory(target);
    return SKEP_OK;
}

void FlatStore::encode(Lane& lane, const Memory& memory, std::uint64_t first_slot,
                       std::uint64_t end_slot, std::uint32_t* misfits) const {
    if (first_slot == end_slot) return;
    EncodeRowsParams params{};
    params.rows = device_pointer<const void>(memory.at(kRows) + first_slot * row_bytes_[kRows]);
    if (!has_byte_rows()) {
        params.codes = device_pointer<std::uint8_t>(memory.at(kCodes) + first_slot * code_stride_);
    }
    params.half_norms =
        device_pointer<float>(memory.at(kHalfNorms) + first_slot * row_bytes_[kHalfNorms]);
    params.bounds =
        device_pointer<RowBounds>(memory.at(kBounds) + first_slot * row_bytes_[kBounds]);
    params.misfits = misfits;
    params.num_rows = end_slot - first_slot;
    params.dim = dim_;
    params.row_stride_bytes = row_stride_bytes();
    params.code_stride = code_stride_;
    params.metric = metric_;
    params.codes_are = memory.codes_are;
    params.element_type = dtype_;
    constexpr std::uint64_t kRowsOfBlock = kEncodeThreads / kPartialSums;
    const char* name = kernels::row_kernels(dtype_).encode;
    lane.launch(device_->modules().function(name),
                static_cast<std::uint32_t>((params.num_rows + kRowsOfBlock - 1) / kRowsOfBlock), 1,
                kEncodeThreads, 0, params, name);
}

void FlatStore::truncate(std::uint64_t num_slots) noexcept {
    if (num_slots >= num_slots_) return;
    num_slots_ = num_slots;
    num_encoded_ = std::min(num_encoded_, num_slots);
}

skep_status FlatStore::read(std::uint64_t first_slot, const std::uint32_t* slots,
                            const skep_mutable_matrix& out, const skep_call* call) const {
    if (out.num_rows == 0) return SKEP_OK;
    const std::uint64_t num_slots = num_slots_;
    for (std::uint64_t row = 0; row < out.num_rows; ++row) {
        const std::uint64_t slot = slots != nullptr ? slots[row] : first_slot + row;
        if (slot < num_slots) continue;
        throw Error(SKEP_INVALID_ARGUMENT,
                    fmt::format("store_read: slot {} is not below {}", slot, num_slots),
                    SKEP_LAYER_BACKEND);
    }
    const ScopedContext scope(*device_->context(), "store_read");
    const std::shared_ptr<Memory> source = memory();
    const std::uint64_t row_bytes = host_row_bytes();
    const std::uint64_t row_stride = row_stride_bytes();
    const std::uint64_t stride = out.row_stride_bytes != 0 ? out.row_stride_bytes : row_bytes;
    const LanePool::Lease lane = device_->lanes().acquire();

    // Nothing is written until every row has arrived, so that a failure leaves the output as it
    // was.
    const std::uint64_t total_bytes = out.num_rows * row_stride;
    std::vector<std::byte> arrived(total_bytes);
    const std::uint64_t rows_per_part = std::max<std::uint64_t>(kStagingBytes / row_stride, 1);
    const std::uint64_t part_bytes = rows_per_part * row_stride;
    const std::uint64_t slots_bytes = rows_per_part * sizeof(std::uint32_t);
    std::byte* pinned = lane->pinned(part_bytes + slots_bytes);
    for (std::uint64_t begin = 0; begin < out.num_rows; begin += rows_per_part) {
        const std::uint64_t count = std::min(rows_per_part, out.num_rows - begin);
        CUdeviceptr from = source->at(kRows) + (first_slot + begin) * row_stride;
        if (slots != nullptr) {
            from = lane->scratch(part_bytes + slots_bytes);
            std::memcpy(pinned + part_bytes, slots + begin, count * sizeof(std::uint32_t));
            lane->copy_to_device(from + part_bytes, pinned + part_bytes,
                                 count * sizeof(std::uint32_t));
            GatherParams params{};
            params.source = device_pointer<const std::uint32_t>(source->at(kRows));
            params.target = device_pointer<std::uint32_t>(from);
            params.slots = device_pointer<const std::uint32_t>(from + part_bytes);
            params.num_rows = count;
            params.row_words = row_stride / sizeof(std::uint32_t);
            lane->launch(device_->modules().function(kernels::kGatherRows),
                         4 * device_->facts().num_multiprocessors, 1, kGatherThreads, 0, params,
                         kernels::kGatherRows);
        }
        lane->copy_to_host(pinned, from, count * row_stride);
        const skep_status stop = lane->wait(call);
        if (stop != SKEP_OK) return stop;
        std::memcpy(arrived.data() + begin * row_stride, pinned, count * row_stride);
    }
    for (std::uint64_t row = 0; row < out.num_rows; ++row) {
        std::memcpy(static_cast<std::byte*>(out.data) + row * stride,
                    arrived.data() + row * row_stride, row_bytes);
    }
    return SKEP_OK;
}

skep_status FlatStore::compact(std::uint64_t num_slots, const Mask* mask, const skep_call* call) {
    std::vector<std::uint32_t> kept;
    kept.reserve(num_slots);
    for (std::uint64_t slot = 0; slot < num_slots; ++slot) {
        if (mask == nullptr || !mask->is_erased(slot)) {
            kept.push_back(static_cast<std::uint32_t>(slot));
        }
    }
    if (call != nullptr) {
        const skep_status stop = call->poll(call->context, 0, num_slots);
        if (stop != SKEP_OK) return stop;
    }
    // Rows before the first hole stay where they are.
    std::uint64_t first_moved = 0;
    while (first_moved < kept.size() && kept[first_moved] == first_moved)
        ++first_moved;

    const ScopedContext scope(*device_->context(), "store_compact");
    const std::shared_ptr<Memory> target = memory();
    {
        // Everything that can fail for want of memory comes before the first row moves. Rows go
        // through scratch, in ascending order: a row's place is never behind where it came from, so
        // no part overwrites what a later one reads.
        const LanePool::Lease lane = device_->lanes().acquire();
        const std::uint64_t widest = *std::max_element(row_bytes_.begin(), row_bytes_.end());
        const std::uint64_t rows_per_part = std::max<std::uint64_t>(kStagingBytes / widest, 1);
        const std::uint64_t slots_bytes = rows_per_part * sizeof(std::uint32_t);
        const CUdeviceptr scratch = lane->scratch(slots_bytes + rows_per_part * widest);
        std::byte* pinned = lane->pinned(slots_bytes);
        const CUfunction gather = device_->modules().function(kernels::kGatherRows);
        const auto move_rows = [&](CUdeviceptr base, std::uint64_t bytes, std::uint64_t begin,
                                   std::uint64_t count) {
            GatherParams params{};
            params.source = device_pointer<const std::uint32_t>(base);
            params.target = device_pointer<std::uint32_t>(scratch + slots_bytes);
            params.slots = device_pointer<const std::uint32_t>(scratch);
            params.num_rows = count;
            params.row_words = bytes / sizeof(std::uint32_t);
            lane->launch(gather, 4 * device_->facts().num_multiprocessors, 1, kGatherThreads, 0,
                         params, kernels::kGatherRows);
            lane->copy_on_device(base + begin * bytes, scratch + slots_bytes, count * bytes);
        };
        for (std::uint64_t begin = first_moved; begin < kept.size(); begin += rows_per_part) {
            const std::uint64_t count = std::min<std::uint64_t>(rows_per_part, kept.size() - begin);
            std::memcpy(pinned, kept.data() + begin, count * sizeof(std::uint32_t));
            lane->copy_to_device(scratch, pinned, count * sizeof(std::uint32_t));
            for (std::size_t column = 0; column < kNumColumns; ++column) {
                if (!target->columns[column]) continue;
                move_rows(target->columns[column]->pointer(), row_bytes_[column], begin, count);
            }
            lane->wait(nullptr);
        }
    }
    // A store encoded in part is small: it is encoded again when it grows.
    num_encoded_ = num_encoded_ == num_slots ? kept.size() : 0;
    num_slots_ = kept.size();
    for (std::size_t column = 0; column < kNumColumns; ++column) {
        if (!target->columns[column]) continue;
        target->columns[column]->shrink(column_bytes(column, kept.size()));
    }
    return SKEP_OK;
}

skep_store_stats FlatStore::stats() const {
    const std::shared_ptr<Memory> current = memory();
    skep_store_stats stats{};
    stats.struct_size = sizeof stats;
    stats.num_slots = num_slots_;
    stats.capacity_slots = capacity_slots(*current);
    for (std::size_t column = 0; column < kNumColumns; ++column) {
        if (!current->columns[column]) continue;
        stats.used_bytes += stats.num_slots * row_bytes_[column];
        stats.reserved_bytes += current->columns[column]->mapped_bytes();
        stats.num_buffers += current->columns[column]->num_chunks();
    }
    stats.num_exact_retries = num_exact_retries_;
    return stats;
}

}  // namespace skep::cuda
