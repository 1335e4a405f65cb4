// SPDX-License-Identifier: MIT
// What changes a collection: each call prepares all that can fail, then publishes.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "collection/collection.hpp"
#include "collection/growth.hpp"
#include "skep/common/assert.hpp"

namespace skep {
namespace {

// Takes rows back that were appended but not published.
class AppendedRows {
  public:
    AppendedRows(Store& store, std::uint64_t first_slot)
        : store_(&store), first_slot_(first_slot) {}
    ~AppendedRows() {
        if (store_ != nullptr) store_->truncate(first_slot_);
    }
    AppendedRows(const AppendedRows&) = delete;
    AppendedRows& operator=(const AppendedRows&) = delete;

    void commit() noexcept { store_ = nullptr; }

  private:
    Store* store_;
    std::uint64_t first_slot_;
};

// Lets reads go on, with a snapshot of what there was, unless another one was published.
class ReadsHeldBack {
  public:
    ReadsHeldBack(Publication& publication, SnapshotRef unchanged)
        : publication_(publication), next_(std::move(unchanged)) {
        publication_.hold_back_reads();
    }
    ~ReadsHeldBack() { publication_.publish(std::move(next_)); }
    ReadsHeldBack(const ReadsHeldBack&) = delete;
    ReadsHeldBack& operator=(const ReadsHeldBack&) = delete;

    void go_on_with(SnapshotRef next) noexcept { next_ = std::move(next); }

  private:
    Publication& publication_;
    SnapshotRef next_;
};

}  // namespace

struct Collection::NewRows {
    skep_matrix rows{};
    std::optional<KeyBatch> keys;  // absent: number them
    const skep_byte_list_view* payloads = nullptr;
};

Result<Collection::NewRows> Collection::check_new_rows(const char* operation,
                                                       const skep_matrix& rows,
                                                       const skep_keys* keys,
                                                       const skep_byte_list_view* payloads) const {
    if (rows.num_rows != 0 && rows.dtype != info_.dtype) {
        return client_error(
            SKEP_UNSUPPORTED_TYPE,
            fmt::format("{}: rows are {}; expected {}, the collection's type", operation,
                        dtype_text(rows.dtype), dtype_text(info_.dtype)));
    }
    Result<void> checked = check_matrix(operation, "rows", rows, info_.dim, memory_rules());
    if (!checked) return checked.error();

    NewRows batch;
    batch.rows = rows;
    if (keys != nullptr) {
        Result<KeyBatch> key_batch =
            KeyBatch::create(operation, *keys, info_.key_kind, rows.num_rows);
        if (!key_batch) return key_batch.error();
        batch.keys = *key_batch;
    } else if (info_.key_kind == SKEP_KEY_STRING) {
        return client_error(SKEP_INVALID_KEY,
                            fmt::format("{}: keys are NULL; a collection with string keys cannot "
                                        "number rows, expected a key per row",
                                        operation));
    }
    if (payloads != nullptr) {
        if (payloads->count != rows.num_rows) {
            return client_error(
                SKEP_INVALID_ARGUMENT,
                fmt::format("{}: {} payloads for {} rows; expected one payload per row", operation,
                            payloads->count, rows.num_rows));
        }
        checked = check_byte_list(operation, "payloads", *payloads);
        if (!checked) return checked.error();
        batch.payloads = payloads;
    }
    if (is_host_memory(rows.memory_kind)) {
        checked = check_finite(operation, "row", rows, &host());
        if (!checked) return checked.error();
    }
    return batch;
}

Result<void> Collection::add(const skep_matrix& rows, const skep_keys* keys,
                             const skep_byte_list_view* payloads, const skep_call* call,
                             std::uint64_t* first_key) {
    const Result<NewRows> batch = check_new_rows("add", rows, keys, payloads);
    if (!batch) return batch.error();
    return insert("add", *batch, KeyTable::OnExisting::kRefuse, call, first_key);
}

Result<void> Collection::upsert(const skep_matrix& rows, const skep_keys& keys,
                                const skep_byte_list_view* payloads, const skep_call* call) {
    const Result<NewRows> batch = check_new_rows("upsert", rows, &keys, payloads);
    if (!batch) return batch.error();
    return insert("upsert", *batch, KeyTable::OnExisting::kReplace, call, nullptr);
}

Result<void> Collection::insert(const char* operation, const NewRows& batch,
                                KeyTable::OnExisting existing, const skep_call* call,
                                std::uint64_t* first_key) {
    const std::lock_guard<std::mutex> writer(write_mutex_);
    const std::uint64_t count = batch.rows.num_rows;
    const SnapshotRef before = publication_.read();
    const std::uint64_t first_slot = before->num_slots;
    if (count > SKEP_MAX_ROWS - first_slot) {
        return client_error(
            SKEP_LIMIT_EXCEEDED,
            fmt::format("{}: {} rows behind {} (of which {} are removed and wait for compact) are "
                        "more than the {} that a collection can number",
                        operation, count, first_slot, first_slot - before->num_rows,
                        SKEP_MAX_ROWS));
    }
    const std::uint64_t first_number = keys_.next_u64_key();
    if (!batch.keys && count > UINT64_MAX - first_number) {
        return client_error(SKEP_LIMIT_EXCEEDED,
                            fmt::format("{}: numbering {} rows from key {} on overflows; pass keys",
                                        operation, count, first_number));
    }
    if (count == 0) {
        if (!batch.keys && first_key != nullptr) *first_key = first_number;
        return {};
    }

    const KeyBatch keys = batch.keys ? *batch.keys : KeyBatch::numbered(first_number, count);
    auto next = std::make_shared<Snapshot>(*before);
    Result<KeyTable::Staged> staged_keys = keys_.stage(operation, keys, first_slot, existing);
    if (!staged_keys) return staged_keys.error();
    const std::span<const std::uint32_t> replaced = staged_keys->replaced_slots();
    PayloadStore::Staged staged_payloads(payloads_, first_slot, count, batch.payloads);
    if (!replaced.empty()) erase_log_.reserve(first_slot);
    Result<void> reserved = reserve_links(first_slot + count);
    if (!reserved) return reserved;

    Result<void> appended = append_rows(operation, batch.rows, first_slot, call);
    if (!appended) return appended;
    AppendedRows appended_rows(store_, first_slot);
    if (!is_host_memory(batch.rows.memory_kind)) {
        Result<void> checked = check_appended(operation, first_slot, count);
        if (!checked) return checked;
    }
    next->generation = before->generation + 1;
    next->num_slots = first_slot + count;
    next->num_rows = before->num_rows + count - replaced.size();
    next->num_payload_slots = staged_payloads.num_slots();
    next->num_erasable_slots = erase_log_.num_slots();
    next->next_u64_key = staged_keys->next_u64_key();
    next->key_bytes = keys_.memory_bytes() + erase_log_.memory_bytes();
    next->payload_bytes = payloads_.memory_bytes();
    if (!replaced.empty()) {
        Result<std::shared_ptr<const Mask>> mask =
            store_.make_mask(before->mask.get(), next->num_slots, replaced);
        if (!mask) return mask.error();
        next->mask = std::move(*mask);
    }

    // Nothing below can fail.
    appended_rows.commit();
    staged_payloads.commit();
    if (!batch.keys && first_key != nullptr) *first_key = first_number;
    {
        const std::lock_guard<WriterFirstMutex> lookups(keys_.mutex());
        erase_log_.erase(replaced, next->generation);
        keys_.commit(*staged_keys);
        publication_.publish(std::move(next));
    }
    // The rows are in. Those that a stop leaves unlinked are scanned, and linked by the next write.
    link_published_rows(operation, call);
    return {};
}

Result<void> Collection::append_rows(const char* operation, const skep_matrix& rows,
                                     std::uint64_t first_slot, const skep_call* call) {
    Result<void> room = make_room(operation, first_slot, rows.num_rows);
    if (!room) return room;
    return store_.append(as_store_input(rows), call);
}

Result<void> Collection::make_room(const char* operation, std::uint64_t num_slots,
                                   std::uint64_t num_more) {
    const std::uint64_t needed = num_slots + num_more;
    const Result<std::uint64_t> bytes =
        checked_product(operation, "bytes of all rows", needed, row_bytes());
    if (!bytes) return bytes.error();
    const Result<skep_store_stats> stats = store_.stats();
    if (!stats) return stats.error();
    const std::uint64_t capacity = grown_capacity(stats->capacity_slots, needed, row_bytes());
    if (capacity == stats->capacity_slots) return {};
    Result<void> reserved = store_.reserve(capacity);
    if (reserved || capacity == needed) return reserved;
    // Room to grow is a comfort; the rows at hand may still fit without it.
    const skep_status status = reserved.error().status();
    const bool is_out_of_memory =
        status == SKEP_OUT_OF_HOST_MEMORY || status == SKEP_OUT_OF_DEVICE_MEMORY;
    return is_out_of_memory ? store_.reserve(needed) : reserved;
}

// Rows that came in device memory are looked at once they can be read back, before anybody sees
// them.
Result<void> Collection::check_appended(const char* operation, std::uint64_t first_slot,
                                        std::uint64_t count) const {
    constexpr std::uint64_t kBatchBytes = 4 << 20;
    const std::uint64_t batch_rows = std::clamp<std::uint64_t>(kBatchBytes / row_bytes(), 1, count);
    std::vector<std::byte> buffer(batch_rows * row_bytes());
    for (std::uint64_t row = 0; row < count; row += batch_rows) {
        const std::uint64_t num_rows = std::min(batch_rows, count - row);
        const skep_mutable_matrix target =
            SKEP_HOST_MATRIX(skep_mutable_matrix, info_.dtype, buffer.data(), num_rows, info_.dim);
        Result<void> read = store_.read_range(first_slot + row, target, nullptr);
        if (!read) return read;
        const skep_matrix rows =
            SKEP_HOST_MATRIX(skep_matrix, info_.dtype, buffer.data(), num_rows, info_.dim);
        const std::optional<ComponentPosition> found = find_not_finite(rows, &host());
        if (found) {
            return client_error(SKEP_NOT_FINITE,
                                fmt::format("{}: row {} component {} is NaN or infinite; "
                                            "components must be finite",
                                            operation, row + found->row, found->component));
        }
    }
    return {};
}

Result<void> Collection::remove(const skep_keys& keys) {
    const Result<KeyBatch> batch = KeyBatch::create("remove", keys, info_.key_kind);
    if (!batch) return batch.error();
    if (batch->count() == 0) return {};
    const std::lock_guard<std::mutex> writer(write_mutex_);
    const Result<std::vector<std::uint32_t>> slots = keys_.slots_of("remove", *batch);
    if (!slots) return slots.error();
    const SnapshotRef before = publication_.read();
    auto next = std::make_shared<Snapshot>(*before);
    erase_log_.reserve(before->num_slots);
    Result<std::shared_ptr<const Mask>> mask =
        store_.make_mask(before->mask.get(), before->num_slots, *slots);
    if (!mask) return mask.error();
    next->mask = std::move(*mask);
    next->generation = before->generation + 1;
    next->num_rows = before->num_rows - slots->size();
    next->num_erasable_slots = erase_log_.num_slots();
    next->key_bytes = keys_.memory_bytes() + erase_log_.memory_bytes();

    // Nothing below can fail.
    const std::lock_guard<WriterFirstMutex> lookups(keys_.mutex());
    erase_log_.erase(*slots, next->generation);
    keys_.erase(*batch);
    publication_.publish(std::move(next));
    return {};
}

Result<void> Collection::clear() {
    const std::lock_guard<std::mutex> writer(write_mutex_);
    auto next = std::make_shared<Snapshot>();
    next->generation = publication_.read()->generation + 1;
    next->key_bytes = keys_.memory_bytes() + erase_log_.memory_bytes();
    next->payload_bytes = payloads_.memory_bytes();
    next->era = std::make_shared<const Era>(publication_);
    std::optional<Store> fresh;
    std::unique_ptr<Graph> fresh_graph;
    if (is_adopted_) {  // memory that cannot be refilled
        Result<Store> made = device_->create_store(store_options(info_, 0));
        if (!made) return made.error();
        fresh = std::move(*made);
        Result<std::unique_ptr<Graph>> made_graph = make_graph(*fresh);
        if (!made_graph) return made_graph.error();
        fresh_graph = std::move(*made_graph);
    }

    // Nothing below can fail.
    {
        const std::lock_guard<WriterFirstMutex> lookups(keys_.mutex());
        keys_.clear_lookups();
        if (fresh) {
            publication_.hold_back_reads();
            graph_ = std::move(fresh_graph);
            store_ = std::move(*fresh);
            is_adopted_ = false;
        }
        publication_.publish(std::move(next));
    }
    // New reads see the empty collection; slots are used again when the reads that still look at
    // them are done.
    publication_.wait_for_earlier_eras();
    if (graph_) graph_->clear();
    calibrations_.replace({});
    store_.truncate(0);
    keys_.clear_slots();
    payloads_.clear();
    erase_log_.clear();
    return {};
}

Result<void> Collection::reserve(std::uint64_t num_rows) {
    const std::lock_guard<std::mutex> writer(write_mutex_);
    const SnapshotRef now = publication_.read();
    if (num_rows <= now->num_rows) return {};
    const std::uint64_t num_more = num_rows - now->num_rows;
    if (num_more > SKEP_MAX_ROWS - now->num_slots) {
        return client_error(
            SKEP_LIMIT_EXCEEDED,
            fmt::format("reserve: room for {} rows, of which {} are new behind {}, is more than "
                        "the {} that a collection can number",
                        num_rows, num_more, now->num_slots, SKEP_MAX_ROWS));
    }
    const std::uint64_t num_slots = now->num_slots + num_more;
    const Result<std::uint64_t> bytes =
        checked_product("reserve", "bytes of all rows", num_slots, row_bytes());
    if (!bytes) return bytes.error();
    keys_.reserve(num_rows);
    Result<void> reserved = reserve_links(num_slots);
    return reserved ? store_.reserve(num_slots) : reserved;
}

Result<void> Collection::compact(const skep_call* call) {
    const std::lock_guard<std::mutex> writer(write_mutex_);
    SnapshotRef before = publication_.read();
    if (before->num_rows == before->num_slots) return link_rows(call);
    std::unique_ptr<Graph> graph;
    if (graph_) {
        Result<std::unique_ptr<Graph>> made =
            graph_->compacted(before->num_slots, before->mask.get(), call);
        if (!made) return made.error();
        graph = std::move(*made);
    }
    const std::vector<std::uint32_t> kept = alive_slots(*before);
    std::unique_ptr<KeyTable::Contents> keys = keys_.compacted(kept);
    std::unique_ptr<PayloadStore::Contents> payloads = payloads_.compacted(kept);
    const auto era = std::make_shared<const Era>(publication_);
    auto unchanged = std::make_shared<Snapshot>(*before);
    unchanged->era = era;
    auto next = std::make_shared<Snapshot>();
    next->generation = before->generation + 1;
    next->num_slots = kept.size();
    next->num_rows = kept.size();
    next->num_payload_slots = payloads->num_slots;
    next->next_u64_key = before->next_u64_key;
    next->key_bytes = keys->memory_bytes();
    next->payload_bytes = payloads->memory_bytes();
    next->era = era;
    before.reset();  // we are a read of the earlier era ourselves

    {
        // Lookups first: a read that has them locked may still ask for a snapshot.
        const std::lock_guard<WriterFirstMutex> lookups(keys_.mutex());
        const std::uint64_t num_slots = unchanged->num_slots;
        const std::shared_ptr<const Mask> mask = unchanged->mask;
        ReadsHeldBack held_back(publication_, std::move(unchanged));
        Result<void> compacted = store_.compact(num_slots, mask.get(), call);
        if (!compacted) return compacted;
        graph_ = std::move(graph);
        is_adopted_ = false;
        keys_.adopt(std::move(keys));
        payloads_.adopt(std::move(payloads));
        erase_log_.clear();
        held_back.go_on_with(std::move(next));
    }
    link_published_rows("compact", call);
    return {};
}

}  // namespace skep
