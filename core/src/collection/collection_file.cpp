// SPDX-License-Identifier: MIT
// Saving a collection's state, and making a collection of what a file held.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "collection/collection.hpp"
#include "io/collection_file.hpp"
#include "io/hnswlib_file.hpp"

namespace skep {
namespace {

// Rows are appended in batches, so that a load can be watched and stopped.
constexpr std::uint64_t kLoadBatchBytes = 64 << 20;

// Byte strings one after another, as a file holds them.
struct PackedBytes {
    std::vector<std::uint64_t> offsets;
    std::vector<std::byte> bytes;

    explicit PackedBytes(std::uint64_t expected_count) {
        offsets.reserve(expected_count + 1);
        offsets.push_back(0);
    }
    void append(std::string_view item) {
        const auto* const first = reinterpret_cast<const std::byte*>(item.data());
        bytes.insert(bytes.end(), first, first + item.size());
        offsets.push_back(bytes.size());
    }
};

}  // namespace

Result<void> Collection::save(const std::string& path, CallControl& control) const {
    return write_state(*publication_.read(), control,
                       [&](const CollectionContents& contents, const RowSource& rows) {
                           return write_collection_file(path, contents, rows, control);
                       });
}

Result<void> Collection::export_hnswlib(const std::string& path, CallControl& control) {
    if (info_.index != SKEP_INDEX_HNSW ||
        !device_->has_capability(SKEP_CAPABILITY_GRAPH_TRANSFER)) {
        return client_error(SKEP_UNSUPPORTED,
                            fmt::format("export hnswlib: index {} on device '{}' has no graph to "
                                        "give; expected hnsw on a device that exports graphs",
                                        skep_index_kind_name(info_.index), device_->info().id));
    }
    if (info_.key_kind != SKEP_KEY_U64) {
        return client_error(SKEP_INVALID_KEY,
                            "export hnswlib: the collection has string keys; expected u64 keys, "
                            "which become labels");
    }
    SnapshotRef snapshot;
    {
        const std::lock_guard<std::mutex> writer(write_mutex_);
        Result<void> linked = link_rows(control.call());
        if (!linked) return linked;
        snapshot = publication_.read();
    }
    return write_state(*snapshot, control,
                       [&](const CollectionContents& contents, const RowSource& rows) {
                           return write_hnswlib_file(path, contents, rows, control);
                       });
}

Result<void> Collection::write_state(
    const Snapshot& state, CallControl& control,
    const std::function<Result<void>(const CollectionContents&, const RowSource&)>& write) const {
    const Snapshot* const snapshot = &state;
    CollectionContents contents;
    contents.dim = info_.dim;
    contents.metric = info_.metric;
    contents.dtype = info_.dtype;
    contents.index = info_.index;
    contents.key_kind = info_.key_kind;
    contents.m = info_.m;
    contents.ef_construction = info_.ef_construction;
    contents.seed = info_.seed;
    contents.calibrations = calibrations_.all();
    contents.next_u64_key = snapshot->next_u64_key;
    contents.num_rows = snapshot->num_rows;
    const std::vector<std::uint32_t> slots = alive_slots(*snapshot);
    std::vector<std::uint64_t> u64_keys;
    PackedBytes string_keys(info_.key_kind == SKEP_KEY_STRING ? slots.size() : 0);
    PackedBytes payloads(snapshot->num_payload_slots != 0 ? slots.size() : 0);
    if (info_.key_kind == SKEP_KEY_U64) {
        u64_keys.reserve(slots.size());
        for (const std::uint32_t slot : slots)
            u64_keys.push_back(keys_.u64_at(slot));
        contents.u64_keys = u64_keys;
    } else {
        for (const std::uint32_t slot : slots)
            string_keys.append(keys_.string_at(slot));
        contents.key_offsets = string_keys.offsets;
        contents.key_bytes = string_keys.bytes;
    }
    if (snapshot->num_payload_slots != 0) {
        for (const std::uint32_t slot : slots)
            payloads.append(payload_at(*snapshot, slot));
        contents.payload_offsets = payloads.offsets;
        contents.payload_bytes = payloads.bytes;
    }
    Result<GraphArrays> graph = graph_arrays(*snapshot, control.call());
    if (!graph) return graph.error();
    contents.graph = graph->contents();
    const RowSource rows = [&](std::uint64_t first_row, std::uint64_t count,
                               void* out) -> Result<void> {
        const skep_mutable_matrix target =
            SKEP_HOST_MATRIX(skep_mutable_matrix, info_.dtype, out, count, info_.dim);
        return store_.read(std::span(slots).subspan(first_row, count), target, nullptr);
    };
    return write(contents, rows);
}

Result<std::shared_ptr<Collection>> Collection::load(std::shared_ptr<Device> device,
                                                     LoadedCollection&& loaded,
                                                     CallControl& control) {
    const CollectionContents& contents = loaded.contents;
    skep_collection_info info{};
    info.struct_size = sizeof info;
    info.dim = contents.dim;
    info.metric = contents.metric;
    info.dtype = contents.dtype;
    info.index = contents.index;
    info.key_kind = contents.key_kind;
    info.m = contents.m;
    info.ef_construction = contents.ef_construction;
    info.seed = contents.seed;
    Result<void> checked = check_info("open", info);
    if (!checked) return Error(SKEP_FILE_CORRUPT, checked.error().message(), SKEP_LAYER_CORE);
    Result<std::shared_ptr<Collection>> made = create(std::move(device), info, 0);
    if (!made) return made.error();
    const Result<void> filled = (*made)->fill(loaded, control);
    if (!filled) return filled.error();
    return made;
}

// The reader has checked keys and components; a key that came twice would not get in all the same.
Result<void> Collection::fill(const LoadedCollection& loaded, CallControl& control) {
    const CollectionContents& contents = loaded.contents;
    const KeyBatch keys =
        info_.key_kind == SKEP_KEY_U64
            ? KeyBatch::checked_u64(contents.u64_keys)
            : KeyBatch::checked_strings(contents.key_offsets,
                                        reinterpret_cast<const char*>(contents.key_bytes.data()));
    Result<KeyTable::Staged> staged_keys =
        keys_.stage("open", keys, 0, KeyTable::OnExisting::kRefuse);
    if (!staged_keys) {
        return Error(SKEP_FILE_CORRUPT, staged_keys.error().message(), SKEP_LAYER_CORE);
    }
    const skep_byte_list_view payload_list{sizeof payload_list, 0, contents.num_rows,
                                           contents.payload_offsets.data(),
                                           contents.payload_bytes.data()};
    PayloadStore::Staged staged_payloads(
        payloads_, 0, contents.num_rows,
        contents.payload_offsets.empty() ? nullptr : &payload_list);
    const bool can_adopt = loaded.is_mapped && contents.num_rows != 0 &&
                           device_->has_capability(SKEP_CAPABILITY_ADOPT_ROWS);
    Result<void> filled = can_adopt ? adopt_rows(loaded, control) : load_rows(loaded.rows, control);
    if (!filled) return filled;

    auto next = std::make_shared<Snapshot>(*publication_.read());
    next->num_slots = contents.num_rows;
    next->num_rows = contents.num_rows;
    next->num_payload_slots = staged_payloads.num_slots();
    next->key_bytes = keys_.memory_bytes();
    next->payload_bytes = payloads_.memory_bytes();
    staged_payloads.commit();
    const std::lock_guard<WriterFirstMutex> lookups(keys_.mutex());
    keys_.commit(*staged_keys);
    keys_.raise_next_u64_key(contents.next_u64_key);
    next->next_u64_key = keys_.next_u64_key();
    publication_.publish(std::move(next));
    calibrations_.replace(contents.calibrations);
    return load_graph(contents.graph, control.call());
}

Result<void> Collection::adopt_rows(const LoadedCollection& loaded, CallControl& control) {
    Result<Store> store = device_->adopt_store(store_options(info_, loaded.contents.num_rows),
                                               loaded.rows, loaded.owner, control.call());
    if (!store) return store.error();
    Result<std::unique_ptr<Graph>> graph = make_graph(*store);
    if (!graph) return graph.error();
    graph_ = std::move(*graph);
    store_ = std::move(*store);
    is_adopted_ = true;
    return {};
}

Result<void> Collection::load_rows(const skep_matrix& rows, CallControl& control) {
    Result<void> done = store_.reserve(rows.num_rows);
    const std::uint64_t batch_rows = std::max<std::uint64_t>(kLoadBatchBytes / row_bytes(), 1);
    for (std::uint64_t row = 0; done && row < rows.num_rows; row += batch_rows) {
        skep_matrix batch = as_store_input(rows);
        batch.num_rows = std::min(batch_rows, rows.num_rows - row);
        batch.data = static_cast<const std::byte*>(rows.data) + row * row_stride(rows);
        done = control.check("open", row, rows.num_rows);
        if (done) done = store_.append(batch, nullptr);
    }
    return done;
}

}  // namespace skep
