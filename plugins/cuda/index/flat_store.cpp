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
#include "kernels/encode_params.h"
#include "skep/result.hpp"

namespace skep::cuda {
namespace {

// Half of the staging buffer: one is filled while the other is copied. Larger ones do not copy
// faster over PCIe.
constexpr std::uint64_t kStagingBytes = 4ULL << 20;

std::uint32_t round_up(std::uint32_t value, std::uint32_t unit) {
    return (value + unit - 1) / unit * unit;
}

// Kernels read the bounds of two rows at once.
std::uint64_t bounds_bytes(std::uint64_t num_slots) {
    return (num_slots + 1) / 2 * 2 * sizeof(RowBounds);
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
    if (options.dtype != SKEP_DTYPE_F32 && options.dtype != SKEP_DTYPE_U8) {
        throw Error(SKEP_UNSUPPORTED_TYPE,
                    fmt::format("{}: element type {} is not offered; f32 ({}) and u8 ({}) are",
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
      is_bytes_(options.dtype == SKEP_DTYPE_U8),
      dim_(options.dim),
      row_stride_bytes_(is_bytes_ ? round_up(dim_, kApproxAlignment)
                                  : dim_ * static_cast<std::uint32_t>(sizeof(float))),
      approx_stride_(round_up(dim_, kApproxAlignment)) {
    require_store_shape(options, "store_create");
    const ScopedContext scope(*device_->context(), "store_create");
    store_bounds_ = DeviceBuffer(device_->context(), sizeof(StoreBounds), "store_create");
    // Settles the rung, and is ready for a first answer.
    device_->modules().function(plain_kernel(dtype(), metric_), plain_shared_bytes(kMaxPlainSlots));
    memory_ = make_memory(options.reserve_slots);
    if (options.reserve_slots != 0) make_room(options.reserve_slots, "store_create");
}

std::shared_ptr<FlatStore::Memory> FlatStore::memory() const {
    const std::lock_guard lock(memory_mutex_);
    return memory_;
}

std::uint64_t FlatStore::capacity_slots(const Memory& memory) const {
    std::uint64_t capacity = std::min(memory.rows->mapped_bytes() / row_stride_bytes_,
                                      memory.bounds->mapped_bytes() / sizeof(RowBounds));
    if (memory.approx) {
        capacity = std::min(capacity, memory.approx->mapped_bytes() / approx_row_bytes());
    }
    return std::min<std::uint64_t>(capacity, SKEP_MAX_ROWS);
}

std::shared_ptr<FlatStore::Memory> FlatStore::make_memory(std::uint64_t num_slots) const {
    const DeviceFacts& facts = device_->facts();
    // All of the device's memory fits behind each address, or twice what is needed if that is more.
    const auto make = [&](std::uint64_t row_bytes) {
        const std::uint64_t reserve = std::max(facts.total_bytes, 2 * num_slots * row_bytes);
        return std::make_unique<GrowableMemory>(device_->context(), reserve,
                                                facts.has_virtual_memory);
    };
    auto memory = std::make_shared<Memory>();
    memory->rows = make(row_stride_bytes_);
    if (!is_bytes_) memory->approx = make(approx_row_bytes());
    memory->bounds = make(sizeof(RowBounds));
    return memory;
}

void FlatStore::grow_in_place(Memory& memory, std::uint64_t num_slots,
                              const char* operation) const {
    const std::uint64_t rows_before = memory.rows->mapped_bytes();
    const std::uint64_t approx_before = memory.approx ? memory.approx->mapped_bytes() : 0;
    try {
        memory.rows->grow(num_slots * row_stride_bytes_, operation);
        if (memory.approx) memory.approx->grow(num_slots * approx_row_bytes(), operation);
        memory.bounds->grow(bounds_bytes(num_slots), operation);
    } catch (...) {
        memory.rows->shrink(rows_before);
        if (memory.approx) memory.approx->shrink(approx_before);
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
    const bool can_grow =
        current->rows->can_hold(num_slots * row_stride_bytes_) &&
        current->bounds->can_hold(bounds_bytes(num_slots)) &&
        (!current->approx || current->approx->can_hold(num_slots * approx_row_bytes()));
    if (can_grow) {
        grow_in_place(*current, num_slots, operation);
        return;
    }

    // Move: half as much again as there was, so that appending row by row stays linear.
    const std::uint64_t used = num_slots_;
    const std::uint64_t wished =
        std::min<std::uint64_t>(std::max(num_slots, used + used / 2), SKEP_MAX_ROWS);
    const std::shared_ptr<Memory> moved = make_memory(wished);
    grow_in_place(*moved, wished, operation);
    if (used != 0) {
        const LanePool::Lease lane = device_->lanes().acquire();
        lane->copy_on_device(moved->rows->pointer(), current->rows->pointer(),
                             used * row_stride_bytes_);
        if (current->approx) {
            lane->copy_on_device(moved->approx->pointer(), current->approx->pointer(),
                                 used * approx_row_bytes());
        }
        lane->copy_on_device(moved->bounds->pointer(), current->bounds->pointer(),
                             used * sizeof(RowBounds));
        lane->wait(nullptr);
    }
    const std::lock_guard lock(memory_mutex_);
    memory_ = moved;
}

void FlatStore::reserve(std::uint64_t num_slots) {
    const ScopedContext scope(*device_->context(), "store_reserve");
    make_room(num_slots, "store_reserve");
}

skep_status FlatStore::append(const skep_matrix& rows, const skep_call* call) {
    const std::uint64_t row_bytes = is_bytes_ ? dim_ : row_stride_bytes_;
    if (rows.num_rows == 0) return SKEP_OK;
    const ScopedContext scope(*device_->context(), "store_append");
    const std::uint64_t first_slot = num_slots_;
    make_room(first_slot + rows.num_rows, "store_append");
    const std::shared_ptr<Memory> target = memory();

    // Small stores are searched plainly and need no encoding; the append that makes one large
    // encodes all of it.
    const bool is_encoding = !is_searched_plainly(first_slot + rows.num_rows);
    const LanePool::Lease lane = device_->lanes().acquire();
    const std::uint64_t rows_per_half =
        std::clamp<std::uint64_t>(kStagingBytes / row_stride_bytes_, 1, rows.num_rows);
    const std::uint64_t half_bytes = rows_per_half * row_stride_bytes_;
    std::byte* pinned = lane->pinned(rows_per_half < rows.num_rows ? 2 * half_bytes : half_bytes);
    if (is_encoding) encode(*lane, *target, num_encoded_, first_slot);

    std::size_t half = 0;
    for (std::uint64_t begin = 0; begin < rows.num_rows; begin += rows_per_half, half ^= 1U) {
        const std::uint64_t count = std::min(rows_per_half, rows.num_rows - begin);
        if (call != nullptr) {
            const skep_status stop = call->poll(call->context, begin, rows.num_rows);
            if (stop != SKEP_OK) return stop;
        }
        lane->wait_for_mark(half);
        std::byte* staged = pinned + half * half_bytes;
        const bool is_dense = row_bytes == row_stride_bytes_ &&
                              (rows.row_stride_bytes == 0 || rows.row_stride_bytes == row_bytes);
        if (is_dense) {
            device_->workers().copy(staged, row_of(rows, begin, row_bytes), count * row_bytes);
        } else {
            for (std::uint64_t row = 0; row < count; ++row) {
                std::byte* line = staged + row * row_stride_bytes_;
                std::memcpy(line, row_of(rows, begin + row, row_bytes), row_bytes);
                std::memset(line + row_bytes, 0, row_stride_bytes_ - row_bytes);
            }
        }
        const std::uint64_t slot = first_slot + begin;
        const CUdeviceptr rows_at = target->rows->pointer() + slot * row_stride_bytes_;
        lane->copy_to_device(rows_at, staged, count * row_stride_bytes_);
        lane->mark(half);

        if (is_encoding) encode(*lane, *target, slot, slot + count);
    }
    const skep_status stop = lane->wait(call);
    if (stop != SKEP_OK) return stop;
    num_slots_ = first_slot + rows.num_rows;
    if (is_encoding) num_encoded_ = num_slots_;
    return SKEP_OK;
}

void FlatStore::encode(Lane& lane, const Memory& memory, std::uint64_t first_slot,
                       std::uint64_t end_slot) const {
    if (first_slot == end_slot) return;
    // An encoding from the start forgets what residuals earlier rows left.
    if (first_slot == 0) lane.fill(store_bounds_.pointer(), 0, sizeof(StoreBounds));
    EncodeRowsParams params{};
    params.rows =
        device_pointer<const void>(memory.rows->pointer() + first_slot * row_stride_bytes_);
    params.approx = memory.approx ? device_pointer<std::uint16_t>(memory.approx->pointer() +
                                                                  first_slot * approx_row_bytes())
                                  : nullptr;
    params.bounds =
        device_pointer<RowBounds>(memory.bounds->pointer() + first_slot * sizeof(RowBounds));
    params.store_bounds = device_pointer<StoreBounds>(store_bounds_.pointer());
    params.num_rows = end_slot - first_slot;
    params.dim = dim_;
    params.row_stride_bytes = row_stride_bytes_;
    params.approx_stride = approx_stride_;
    params.metric = metric_;
    constexpr std::uint64_t kRowsOfBlock = kEncodeThreads / kPartialSums;
    const char* name = is_bytes_ ? kernels::kEncodeRowsU8 : kernels::kEncodeRowsF32;
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
    const std::uint64_t row_bytes = is_bytes_ ? dim_ : row_stride_bytes_;
    const std::uint64_t stride = out.row_stride_bytes != 0 ? out.row_stride_bytes : row_bytes;
    const LanePool::Lease lane = device_->lanes().acquire();

    // Nothing is written until every row has arrived, so that a failure leaves the output as it
    // was.
    const std::uint64_t total_bytes = out.num_rows * row_stride_bytes_;
    std::vector<std::byte> arrived(total_bytes);
    const std::uint64_t rows_per_part =
        std::max<std::uint64_t>(kStagingBytes / row_stride_bytes_, 1);
    const std::uint64_t part_bytes = rows_per_part * row_stride_bytes_;
    const std::uint64_t slots_bytes = rows_per_part * sizeof(std::uint32_t);
    std::byte* pinned = lane->pinned(part_bytes + slots_bytes);
    for (std::uint64_t begin = 0; begin < out.num_rows; begin += rows_per_part) {
        const std::uint64_t count = std::min(rows_per_part, out.num_rows - begin);
        CUdeviceptr from = source->rows->pointer() + (first_slot + begin) * row_stride_bytes_;
        if (slots != nullptr) {
            from = lane->scratch(part_bytes + slots_bytes);
            std::memcpy(pinned + part_bytes, slots + begin, count * sizeof(std::uint32_t));
            lane->copy_to_device(from + part_bytes, pinned + part_bytes,
                                 count * sizeof(std::uint32_t));
            GatherParams params{};
            params.source = device_pointer<const std::uint32_t>(source->rows->pointer());
            params.target = device_pointer<std::uint32_t>(from);
            params.slots = device_pointer<const std::uint32_t>(from + part_bytes);
            params.num_rows = count;
            params.row_words = row_stride_bytes_ / sizeof(std::uint32_t);
            lane->launch(device_->modules().function(kernels::kGatherRows),
                         4 * device_->facts().num_multiprocessors, 1, kGatherThreads, 0, params,
                         kernels::kGatherRows);
        }
        lane->copy_to_host(pinned, from, count * row_stride_bytes_);
        const skep_status stop = lane->wait(call);
        if (stop != SKEP_OK) return stop;
        std::memcpy(arrived.data() + begin * row_stride_bytes_, pinned, count * row_stride_bytes_);
    }
    for (std::uint64_t row = 0; row < out.num_rows; ++row) {
        std::memcpy(static_cast<std::byte*>(out.data) + row * stride,
                    arrived.data() + row * row_stride_bytes_, row_bytes);
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
        const std::uint64_t widest =
            std::max<std::uint64_t>({row_stride_bytes_, approx_row_bytes(), sizeof(RowBounds)});
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
            move_rows(target->rows->pointer(), row_stride_bytes_, begin, count);
            if (target->approx) {
                move_rows(target->approx->pointer(), approx_row_bytes(), begin, count);
            }
            move_rows(target->bounds->pointer(), sizeof(RowBounds), begin, count);
            lane->wait(nullptr);
        }
    }
    // A store encoded in part is small: it is encoded again when it grows.
    num_encoded_ = num_encoded_ == num_slots ? kept.size() : 0;
    num_slots_ = kept.size();
    target->rows->shrink(kept.size() * row_stride_bytes_);
    if (target->approx) target->approx->shrink(kept.size() * approx_row_bytes());
    target->bounds->shrink(bounds_bytes(kept.size()));
    return SKEP_OK;
}

skep_store_stats FlatStore::stats() const {
    const std::shared_ptr<Memory> current = memory();
    skep_store_stats stats{};
    stats.struct_size = sizeof stats;
    stats.num_slots = num_slots_;
    stats.capacity_slots = capacity_slots(*current);
    stats.used_bytes =
        stats.num_slots * (row_stride_bytes_ + approx_row_bytes() + sizeof(RowBounds));
    stats.reserved_bytes = current->rows->mapped_bytes() + current->bounds->mapped_bytes() +
                           (current->approx ? current->approx->mapped_bytes() : 0);
    stats.num_buffers = current->rows->num_chunks() + current->bounds->num_chunks() +
                        (current->approx ? current->approx->num_chunks() : 0);
    stats.num_exact_retries = num_exact_retries_;
    return stats;
}

}  // namespace skep::cuda
