// SPDX-License-Identifier: MIT
// What looks a collection's rows up by key, and its figures.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <shared_mutex>
#include <utility>

#include "collection/collection.hpp"

namespace skep {
namespace {

Error key_not_found(const char* operation, const KeyBatch& keys, std::uint64_t position) {
    return client_error(SKEP_KEY_NOT_FOUND,
                        fmt::format("{}: key {} (number {} of the batch) has no row", operation,
                                    keys.text(position), position));
}

std::byte* row_of(const skep_mutable_matrix& matrix, std::uint64_t row, std::uint64_t row_bytes) {
    const std::uint64_t stride = matrix.row_stride_bytes != 0 ? matrix.row_stride_bytes : row_bytes;
    return static_cast<std::byte*>(matrix.data) + row * stride;
}

}  // namespace

SnapshotRef Collection::look_up(const KeyBatch& keys, std::vector<std::uint32_t>& slots) const {
    slots.resize(keys.count());
    const std::shared_lock<WriterFirstMutex> lookups(keys_.mutex());
    SnapshotRef snapshot = publication_.read();
    for (std::uint64_t position = 0; position < keys.count(); ++position) {
        const std::uint32_t slot = keys_.find(keys, position);
        slots[position] = slot < snapshot->num_slots ? slot : SKEP_NO_SLOT;
    }
    return snapshot;
}

Result<void> Collection::get(const skep_keys& keys, const skep_mutable_matrix* rows,
                             skep_byte_list** payloads, std::uint8_t* found) const {
    const Result<KeyBatch> batch = KeyBatch::create("get", keys, info_.key_kind);
    if (!batch) return batch.error();
    if (rows != nullptr) {
        if (rows->num_rows != batch->count()) {
            return client_error(SKEP_INVALID_ARGUMENT,
                                fmt::format("get: rows has {} rows for {} keys; expected one per "
                                            "key",
                                            rows->num_rows, batch->count()));
        }
        if (rows->num_rows != 0 && rows->dtype != info_.dtype) {
            return client_error(SKEP_UNSUPPORTED_TYPE,
                                fmt::format("get: rows are {}; expected {}, the collection's type",
                                            dtype_text(rows->dtype), dtype_text(info_.dtype)));
        }
        const skep_matrix shape{
            rows->struct_size, rows->dtype, rows->memory_kind, rows->memory_device_id,
            rows->num_rows,    rows->dim,   rows->reserved,    rows->row_stride_bytes,
            rows->data};
        Result<void> checked = check_matrix("get", "rows", shape, info_.dim, {});
        if (!checked) return checked;
    }
    std::vector<std::uint32_t> slots;
    const SnapshotRef snapshot = look_up(*batch, slots);
    std::vector<std::uint32_t> present;
    present.reserve(slots.size());
    for (std::uint64_t position = 0; position < slots.size(); ++position) {
        if (slots[position] != SKEP_NO_SLOT) {
            present.push_back(slots[position]);
        } else if (found == nullptr) {
            return key_not_found("get", *batch, position);
        }
    }
    std::unique_ptr<skep_byte_list> payload_list;
    if (payloads != nullptr) {
        payload_list = std::make_unique<skep_byte_list>();
        for (const std::uint32_t slot : slots) {
            payload_list->append(slot == SKEP_NO_SLOT ? std::string_view()
                                                      : payload_at(*snapshot, slot));
        }
    }
    if (rows != nullptr && present.size() == slots.size() && !slots.empty()) {
        skep_mutable_matrix target = *rows;
        target.struct_size = sizeof target;
        target.memory_kind = SKEP_MEMORY_HOST;
        Result<void> read = store_.read(slots, target, nullptr);
        if (!read) return read;
    } else if (rows != nullptr) {
        // Some are missing: the others are read aside, so that a failure leaves the output alone.
        std::vector<std::byte> buffer(present.size() * row_bytes());
        if (!present.empty()) {
            const skep_mutable_matrix target = SKEP_HOST_MATRIX(
                skep_mutable_matrix, info_.dtype, buffer.data(), present.size(), info_.dim);
            Result<void> read = store_.read(present, target, nullptr);
            if (!read) return read;
        }
        const std::byte* next = buffer.data();
        for (std::uint64_t position = 0; position < slots.size(); ++position) {
            std::byte* const target = row_of(*rows, position, row_bytes());
            if (slots[position] == SKEP_NO_SLOT) {
                std::memset(target, 0, row_bytes());
            } else {
                std::memcpy(target, next, row_bytes());
                next += row_bytes();
            }
        }
    }
    if (found != nullptr) {
        std::transform(slots.begin(), slots.end(), found, [](std::uint32_t slot) {
            return static_cast<std::uint8_t>(slot != SKEP_NO_SLOT);
        });
    }
    if (payloads != nullptr) *payloads = payload_list.release();
    return {};
}

Result<void> Collection::contains(const skep_keys& keys, std::uint8_t* found) const {
    const Result<KeyBatch> batch = KeyBatch::create("contains", keys, info_.key_kind);
    if (!batch) return batch.error();
    const std::shared_lock<WriterFirstMutex> lookups(keys_.mutex());
    const SnapshotRef snapshot = publication_.read();
    for (std::uint64_t position = 0; position < batch->count(); ++position) {
        found[position] = keys_.find(*batch, position) < snapshot->num_slots ? 1 : 0;
    }
    return {};
}

Result<void> Collection::list_keys(std::uint64_t* u64, std::uint64_t capacity,
                                   std::uint64_t* num_keys, skep_byte_list** strings) const {
    if (u64 != nullptr && info_.key_kind != SKEP_KEY_U64) {
        return client_error(SKEP_INVALID_KEY,
                            "list_keys: u64 keys asked of a collection with string keys; expected "
                            "strings");
    }
    if (strings != nullptr && info_.key_kind != SKEP_KEY_STRING) {
        return client_error(SKEP_INVALID_KEY,
                            "list_keys: strings asked of a collection with u64 keys; expected u64");
    }
    const SnapshotRef snapshot = publication_.read();
    if (strings != nullptr) {
        auto list = std::make_unique<skep_byte_list>();
        for (std::uint64_t slot = 0; slot < snapshot->num_slots; ++slot) {
            if (is_alive(*snapshot, slot)) list->append(keys_.string_at(slot));
        }
        *strings = list.release();
    }
    if (u64 != nullptr && snapshot->num_rows <= capacity) {
        for (std::uint64_t slot = 0; slot < snapshot->num_slots; ++slot) {
            if (is_alive(*snapshot, slot)) *u64++ = keys_.u64_at(slot);
        }
    }
    if (num_keys != nullptr) *num_keys = snapshot->num_rows;
    return {};
}

Result<skep_collection_stats> Collection::stats() const {
    const SnapshotRef snapshot = publication_.read();
    const Result<skep_store_stats> store = store_.stats();
    if (!store) return store.error();
    skep_collection_stats stats{};
    stats.struct_size = sizeof stats;
    stats.num_rows = snapshot->num_rows;
    stats.num_removed = snapshot->num_slots - snapshot->num_rows;
    stats.capacity_rows = store->capacity_slots;
    stats.row_bytes = store->used_bytes;
    stats.reserved_bytes = store->reserved_bytes;
    stats.key_bytes = snapshot->key_bytes;
    stats.payload_bytes = snapshot->payload_bytes;
    stats.num_searches = num_searches_.load(std::memory_order_relaxed);
    stats.num_exact_retries = store->num_exact_retries;
    if (!graph_) return stats;
    const Result<skep_graph_stats> graph = graph_->stats();
    if (!graph) return graph.error();
    stats.num_linked = std::min(graph->num_linked, snapshot->num_slots);
    stats.num_links = graph->num_links;
    stats.num_levels = graph->num_linked == 0 ? 0 : graph->max_level + std::uint64_t{1};
    stats.graph_bytes = graph->used_bytes;
    stats.graph_reserved_bytes = graph->reserved_bytes;
    return stats;
}

}  // namespace skep
