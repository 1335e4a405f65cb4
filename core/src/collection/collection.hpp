// SPDX-License-Identifier: MIT
// Rows with keys and payloads on one device: what a skep_collection handle stands for. skep.h has
// the contract of every operation.
//
// Writers queue on write_mutex_. They prepare everything that can fail behind the published slots,
// and then make it visible at once by publishing a new Snapshot. Reads take one Snapshot and look
// at nothing else that changes. Locks are taken in the order write_mutex_, KeyTable::mutex(),
// Publication; nobody who holds a Snapshot waits for a lock before that order's end.
//
// Rows of an hnsw collection are linked after they were published: until then a search scans them.
#pragma once

#include <skep/skep.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "bridge/byte_list.hpp"
#include "bridge/device.hpp"
#include "bridge/graph.hpp"
#include "collection/answers.hpp"
#include "collection/calibration.hpp"
#include "collection/erase_log.hpp"
#include "collection/filter.hpp"
#include "collection/key_batch.hpp"
#include "collection/key_table.hpp"
#include "collection/payload_store.hpp"
#include "collection/range_result.hpp"
#include "collection/snapshot.hpp"
#include "collection/validation.hpp"
#include "io/collection_file.hpp"
#include "runtime/call_control.hpp"
#include "skep/result.hpp"

namespace skep {

class Collection : public std::enable_shared_from_this<Collection> {
  public:
    // What a collection must be, whatever the device: dim, metric, dtype, index and key kind.
    static Result<void> check_info(const char* operation, const skep_collection_info& info);

    // `info` has passed check_info. Fails where the device does not offer the index or the pair of
    // metric and type.
    static Result<std::shared_ptr<Collection>> create(std::shared_ptr<Device> device,
                                                      const skep_collection_info& info,
                                                      std::uint64_t reserve_rows);
    // Takes over what a file held; rows in place if the file is mapped and the device can.
    static Result<std::shared_ptr<Collection>> load(std::shared_ptr<Device> device,
                                                    LoadedCollection&& loaded,
                                                    CallControl& control);
    Collection(const Collection&) = delete;
    Collection& operator=(const Collection&) = delete;

    [[nodiscard]] const skep_collection_info& info() const { return info_; }
    [[nodiscard]] const Device& device() const { return *device_; }
    // The services that the backend has, for work of our own.
    [[nodiscard]] const skep_host_services& host() const { return device_->backend().host(); }

    // --- writes ---

    // `keys` null numbers the rows. `payloads` may be null, `first_key` too.
    Result<void> add(const skep_matrix& rows, const skep_keys* keys,
                     const skep_byte_list_view* payloads, const skep_call* call,
                     std::uint64_t* first_key);
    Result<void> upsert(const skep_matrix& rows, const skep_keys& keys,
                        const skep_byte_list_view* payloads, const skep_call* call);
    Result<void> remove(const skep_keys& keys);
    Result<void> clear();
    Result<void> reserve(std::uint64_t num_rows);
    Result<void> compact(const skep_call* call);

    // --- reads ---

    Result<void> get(const skep_keys& keys, const skep_mutable_matrix* rows,
                     skep_byte_list** payloads, std::uint8_t* found) const;
    Result<void> contains(const skep_keys& keys, std::uint8_t* found) const;
    [[nodiscard]] std::uint64_t count() const { return publication_.read()->num_rows; }
    Result<void> list_keys(std::uint64_t* u64, std::uint64_t capacity, std::uint64_t* num_keys,
                           skep_byte_list** strings) const;
    Result<skep_collection_stats> stats() const;
    Result<void> save(const std::string& path, CallControl& control) const;
    // Links what is not linked yet, as a write does.
    Result<void> export_hnswlib(const std::string& path, CallControl& control);

    Result<std::shared_ptr<Filter>> make_filter(std::int32_t mode, const skep_keys& keys);
    Result<void> search(const skep_matrix& queries, std::uint64_t k, std::uint32_t ef_search,
                        const Filter* filter, const skep_search_output& output,
                        const skep_call* call) const;
    // The smallest ef_search that finds this share of the k nearest rows of the queries, or, if
    // that is null, of stand-ins made from rows; remembered. 0: nothing is linked.
    Result<std::uint32_t> calibrate(std::uint64_t k, double recall, const skep_matrix* queries,
                                    const skep_call* call) const;
    // The ef_search of a search that asks for a recall: as remembered, else calibrated now.
    Result<std::uint32_t> ef_search_for(std::uint64_t k, double recall,
                                        const skep_call* call) const;
    Result<std::unique_ptr<skep_range_result>> range_search(const skep_matrix& queries,
                                                            float radius, const Filter* filter,
                                                            const skep_call* call) const;

  private:
    Collection(std::shared_ptr<Device> device, const skep_collection_info& info, Store store);
    static skep_store_options store_options(const skep_collection_info& info,
                                            std::uint64_t reserve_slots);

    // Rows, keys and payloads of one add or upsert, checked as far as that goes without a lock.
    struct NewRows;
    Result<NewRows> check_new_rows(const char* operation, const skep_matrix& rows,
                                   const skep_keys* keys,
                                   const skep_byte_list_view* payloads) const;
    Result<void> insert(const char* operation, const NewRows& batch, KeyTable::OnExisting existing,
                        const skep_call* call, std::uint64_t* first_key);
    Result<void> make_room(const char* operation, std::uint64_t num_slots, std::uint64_t num_more);
    Result<void> append_rows(const char* operation, const skep_matrix& rows,
                             std::uint64_t first_slot, const skep_call* call);
    Result<void> check_appended(const char* operation, std::uint64_t first_slot,
                                std::uint64_t count) const;

    // Hands a state over to be written; rows are fetched while it is.
    Result<void> write_state(const Snapshot& state, CallControl& control,
                             const std::function<Result<void>(const CollectionContents&,
                                                              const RowSource&)>& write) const;
    Result<void> fill(const LoadedCollection& loaded, CallControl& control);
    Result<void> adopt_rows(const LoadedCollection& loaded, CallControl& control);
    Result<void> load_rows(const skep_matrix& rows, CallControl& control);

    // Of hnsw collections; the others have no graph and nothing to do.
    Result<std::unique_ptr<Graph>> make_graph(const Store& store) const;
    // Slots of the snapshot that the graph finds; the others are scanned.
    [[nodiscard]] std::uint64_t num_linked(const Snapshot& snapshot) const;
    Result<void> reserve_links(std::uint64_t num_slots);
    // Links every published row that is not yet.
    Result<void> link_rows(const skep_call* call);
    // The same after a write that has succeeded whatever comes of it: the log tells of a failure.
    void link_published_rows(const char* operation, const skep_call* call);
    Result<GraphArrays> graph_arrays(const Snapshot& snapshot, const skep_call* call) const;
    Result<void> load_graph(const GraphContents& graph, const skep_call* call);
    // [at most 500, dim], for a calibration at k.
    Result<std::vector<float>> stand_in_queries(const Snapshot& snapshot, std::uint64_t num_linked,
                                                std::uint64_t k, const skep_call* call) const;

    Result<void> check_queries(const char* operation, const skep_matrix& queries) const;
    // The state to search and, with a filter, its bitmap.
    Filter::Resolved resolve(const Filter* filter) const;
    [[nodiscard]] bool is_alive(const Snapshot& snapshot, std::uint64_t slot) const;
    [[nodiscard]] std::vector<std::uint32_t> alive_slots(const Snapshot& snapshot) const;
    [[nodiscard]] std::string_view payload_at(const Snapshot& snapshot, std::uint64_t slot) const;
    // Slots of keys and the snapshot they belong to.
    SnapshotRef look_up(const KeyBatch& keys, std::vector<std::uint32_t>& slots) const;

    [[nodiscard]] MemoryRules memory_rules() const;
    // A checked matrix as the backend takes it.
    [[nodiscard]] skep_matrix as_store_input(const skep_matrix& matrix) const;
    [[nodiscard]] std::uint64_t row_bytes() const { return info_.dim * element_bytes(info_.dtype); }

    std::shared_ptr<Device> device_;
    skep_collection_info info_;
    Store store_;
    std::unique_ptr<Graph> graph_;  // null: flat; goes before the store
    bool is_adopted_ = false;       // the first rows lie in memory of a file
    KeyTable keys_;
    PayloadStore payloads_;
    EraseLog erase_log_;
    mutable Calibrations calibrations_;
    Publication publication_;
    mutable std::mutex write_mutex_;
    mutable AnswerBuffers answer_buffers_;
    mutable std::atomic<std::uint64_t> num_searches_{0};
};

}  // namespace skep

// The C handle.
struct skep_collection {
    std::shared_ptr<skep::Collection> collection;
};
