// SPDX-License-Identifier: MIT
// Rows, keys and payloads on one device.
#pragma once

#include <skep/skep.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "skep/cxx/call.hpp"
#include "skep/cxx/call_options.hpp"
#include "skep/cxx/hits.hpp"
#include "skep/cxx/keys.hpp"
#include "skep/cxx/matrix.hpp"
#include "skep/cxx/runtime.hpp"

namespace skep {
inline namespace cxx {

// A zeroed skep_collection_options but for the metric, which is the most common one here.
struct CollectionOptions : skep_collection_options {
    CollectionOptions() : skep_collection_options{} {
        struct_size = sizeof(skep_collection_options);
        metric = SKEP_METRIC_L2;
    }
};

class Filter;

struct SearchOptions {
    std::uint64_t k = 10;
    std::uint32_t ef_search = 0;     // hnsw; 0: chosen from k
    double recall = 0;               // hnsw, in place of ef_search: the share wanted; 0: not asked
    const Filter *filter = nullptr;  // borrowed
    bool has_payloads = false;       // ask for payloads as well
};

// Rows read back, in the order of the keys asked for.
struct Rows {
    Matrix rows;
    ByteList payloads;
    std::vector<std::uint8_t> found;  // 1 where the key has a row; 0: a zero row, an empty payload
};

class Collection {
  public:
    static Result<Collection> create(const Runtime &runtime, const CollectionOptions &options) {
        skep_collection *handle = nullptr;
        auto made = detail::call(skep_collection_create, runtime.get(), &options, &handle);
        return adopt(made, handle, runtime);
    }

    // flags: SKEP_OPEN_ bits.
    static Result<Collection> open(const Runtime &runtime, const std::string &path,
                                   const std::string &device = "auto", std::uint32_t flags = 0,
                                   const CallOptions &call = {}) {
        skep_open_options options = SKEP_OPEN_OPTIONS_INIT;
        options.flags = flags;
        options.device = device.c_str();
        const detail::CallArgument control(call);
        skep_collection *handle = nullptr;
        auto made = detail::call(skep_collection_open, runtime.get(), path.c_str(), &options,
                                 control.get(), &handle);
        return adopt(made, handle, runtime);
    }

    static Result<Collection> import_hnswlib(const Runtime &runtime, const std::string &path,
                                             const skep_hnswlib_options &options,
                                             const CallOptions &call = {}) {
        const detail::CallArgument control(call);
        skep_collection *handle = nullptr;
        auto made = detail::call(skep_collection_import_hnswlib, runtime.get(), path.c_str(),
                                 &options, control.get(), &handle);
        return adopt(made, handle, runtime);
    }

    // --- writing ---

    // Adds rows under consecutive numbers and returns the first of them. payloads: one per row, or
    // none at all.
    Result<std::uint64_t> add_numbered(const skep_matrix &rows, const Texts &payloads,
                                       const CallOptions &call = {}) {
        const detail::CallArgument control(call);
        const skep_byte_list_view list = payloads.view();
        const skep_keys *no_keys = nullptr;
        std::uint64_t first_key = 0;
        auto done = detail::call(skep_collection_add, get(), &rows, no_keys,
                                 payloads.empty() ? nullptr : &list, control.get(), &first_key);
        if (!done) return done.error();
        return first_key;
    }
    Result<std::uint64_t> add(const skep_matrix &rows, const CallOptions &call = {}) {
        return add_numbered(rows, Texts(), call);
    }
    Result<void> add(const skep_matrix &rows, const Keys &keys, const Texts &payloads = {},
                     const CallOptions &call = {}) {
        const detail::CallArgument control(call);
        const skep_byte_list_view list = payloads.view();
        std::uint64_t *no_first_key = nullptr;
        return detail::call(skep_collection_add, get(), &rows, keys.get(),
                            payloads.empty() ? nullptr : &list, control.get(), no_first_key);
    }
    Result<void> upsert(const skep_matrix &rows, const Keys &keys, const Texts &payloads = {},
                        const CallOptions &call = {}) {
        const detail::CallArgument control(call);
        const skep_byte_list_view list = payloads.view();
        return detail::call(skep_collection_upsert, get(), &rows, keys.get(),
                            payloads.empty() ? nullptr : &list, control.get());
    }
    Result<void> remove(const Keys &keys) {
        return detail::call(skep_collection_remove, get(), keys.get());
    }
    Result<void> clear() { return detail::call(skep_collection_clear, get()); }
    Result<void> reserve(std::uint64_t num_rows) {
        return detail::call(skep_collection_reserve, get(), num_rows);
    }
    Result<void> compact(const CallOptions &call = {}) {
        const detail::CallArgument control(call);
        return detail::call(skep_collection_compact, get(), control.get());
    }

    // --- reading ---

    // Rows and payloads; an unknown key fails with SKEP_KEY_NOT_FOUND.
    [[nodiscard]] Result<Rows> get_rows(const Keys &keys) const { return read(keys, false); }
    // The same, with unknown keys told in Rows::found.
    [[nodiscard]] Result<Rows> find_rows(const Keys &keys) const { return read(keys, true); }

    [[nodiscard]] Result<bool> contains(std::uint64_t key) const {
        return contains_one(Keys(Span<const std::uint64_t>(&key, 1)));
    }
    [[nodiscard]] Result<bool> contains(std::string_view key) const {
        const Texts texts{key};
        return contains_one(Keys(texts));
    }
    // 1 where the key has a row.
    [[nodiscard]] Result<std::vector<std::uint8_t>> contains_each(const Keys &keys) const {
        std::vector<std::uint8_t> found(static_cast<std::size_t>(keys.size()));
        auto done = detail::call(skep_collection_contains, get(), keys.get(), found.data());
        if (!done) return done.error();
        return found;
    }
    [[nodiscard]] Result<std::uint64_t> count() const {
        std::uint64_t number = 0;
        if (auto done = detail::call(skep_collection_count, get(), &number); !done) {
            return done.error();
        }
        return number;
    }
    // All keys of a u64 collection, in the order of their rows.
    [[nodiscard]] Result<std::vector<std::uint64_t>> keys() const {
        skep_byte_list **no_strings = nullptr;
        std::vector<std::uint64_t> all;
        for (std::uint64_t num_keys = 0;;) {
            auto done = detail::call(skep_collection_list_keys, get(), all.data(), all.size(),
                                     &num_keys, no_strings);
            if (!done) return done.error();
            const bool is_whole = num_keys <= all.size();
            all.resize(static_cast<std::size_t>(num_keys));
            if (is_whole) return all;
        }
    }
    // All keys of a string collection, in the order of their rows.
    [[nodiscard]] Result<ByteList> string_keys() const {
        std::uint64_t *no_numbers = nullptr;
        std::uint64_t *no_count = nullptr;
        skep_byte_list *list = nullptr;
        auto done = detail::call(skep_collection_list_keys, get(), no_numbers, std::uint64_t{0},
                                 no_count, &list);
        if (!done) return done.error();
        return ByteList(list);
    }

    [[nodiscard]] Result<skep_collection_info> info() const {
        skep_collection_info info{};
        info.struct_size = sizeof info;
        if (auto done = detail::call(skep_collection_get_info, get(), &info); !done) {
            return done.error();
        }
        return info;
    }
    [[nodiscard]] Result<DeviceInfo> device() const {
        DeviceInfo info;
        if (auto done = detail::call(skep_collection_get_device, get(), &info); !done) {
            return done.error();
        }
        return info;
    }
    [[nodiscard]] Result<skep_collection_stats> stats() const {
        skep_collection_stats stats{};
        stats.struct_size = sizeof stats;
        if (auto done = detail::call(skep_collection_get_stats, get(), &stats); !done) {
            return done.error();
        }
        return stats;
    }

    // --- searching ---

    [[nodiscard]] Result<Hits> search(const skep_matrix &queries, std::uint64_t k,
                                      const CallOptions &call = {}) const {
        SearchOptions options;
        options.k = k;
        return search(queries, options, call);
    }
    [[nodiscard]] Result<Hits> search(const skep_matrix &queries, const SearchOptions &options,
                                      const CallOptions &call = {}) const {
        return search(queries, plain_options(options), options.has_payloads, call);
    }
    [[nodiscard]] Result<Hits> search(const skep_matrix &queries,
                                      const skep_search_options &options,
                                      const CallOptions &call = {}) const {
        return search(queries, options, false, call);
    }
    // The smallest ef_search that brings a share `recall` of the k nearest rows; searches that ask
    // for it take it. queries: NULL for points made from rows.
    Result<std::uint32_t> calibrate(std::uint64_t k, double recall,
                                    const skep_matrix *queries = nullptr,
                                    const CallOptions &call = {}) {
        const detail::CallArgument control(call);
        std::uint32_t ef_search = 0;
        auto done = detail::call(skep_collection_calibrate, get(), k, recall, queries,
                                 control.get(), &ef_search);
        if (!done) return done.error();
        return ef_search;
    }
    // Every row whose distance is at most radius. Of options only the filter counts.
    [[nodiscard]] Result<RangeHits> range_search(const skep_matrix &queries, float radius,
                                                 const SearchOptions &options = {},
                                                 const CallOptions &call = {}) const {
        const detail::CallArgument control(call);
        const skep_search_options plain = plain_options(options);
        skep_range_result *result = nullptr;
        auto done = detail::call(skep_collection_range_search, get(), &queries, radius, &plain,
                                 control.get(), &result);
        if (!done) return done.error();
        return RangeHits::adopt(result);
    }

    // --- files ---

    [[nodiscard]] Result<void> save(const std::string &path, const CallOptions &call = {}) const {
        const detail::CallArgument control(call);
        return detail::call(skep_collection_save, get(), path.c_str(), control.get());
    }
    Result<void> export_hnswlib(const std::string &path, const CallOptions &call = {}) {
        const detail::CallArgument control(call);
        return detail::call(skep_collection_export_hnswlib, get(), path.c_str(), control.get());
    }

    [[nodiscard]] skep_collection *get() const noexcept { return handle_.get(); }
    // For classes whose handle keeps this collection alive.
    [[nodiscard]] std::shared_ptr<const detail::RuntimeCallbacks> callbacks() const noexcept {
        return callbacks_;
    }

  private:
    Collection(skep_collection *handle, std::shared_ptr<const detail::RuntimeCallbacks> callbacks)
        : callbacks_(std::move(callbacks)), handle_(handle) {}

    static Result<Collection> adopt(const Result<void> &made, skep_collection *handle,
                                    const Runtime &runtime) {
        if (!made) return made.error();
        Collection collection(handle, runtime.callbacks());
        const Result<skep_collection_info> info = collection.info();
        if (!info) return info.error();
        collection.shape_ = *info;
        return collection;
    }

    static skep_search_options plain_options(const SearchOptions &options);

    [[nodiscard]] Result<Hits> search(const skep_matrix &queries,
                                      const skep_search_options &options, bool has_payloads,
                                      const CallOptions &call) const {
        Hits hits;
        hits.num_queries = queries.num_rows;
        hits.k = options.k;
        if (hits.k != 0 && hits.num_queries > std::numeric_limits<std::size_t>::max() / hits.k) {
            return Error(SKEP_LIMIT_EXCEEDED, "search: num_queries * k does not fit in memory",
                         SKEP_LAYER_CLIENT);
        }
        const auto size = static_cast<std::size_t>(hits.num_queries * hits.k);
        hits.distances.resize(size);
        hits.counts.resize(static_cast<std::size_t>(hits.num_queries));
        skep_search_output output = SKEP_SEARCH_OUTPUT_INIT;
        output.distances = hits.distances.data();
        output.counts = hits.counts.data();
        skep_byte_list *strings = nullptr;
        skep_byte_list *payloads = nullptr;
        if (shape_.key_kind == SKEP_KEY_U64) {
            hits.keys.resize(size);
            output.keys = hits.keys.data();
        } else {
            output.strings = &strings;
        }
        if (has_payloads) output.payloads = &payloads;
        const detail::CallArgument control(call);
        auto done =
            detail::call(skep_collection_search, get(), &queries, &options, &output, control.get());
        if (!done) return done.error();
        hits.strings = ByteList(strings);
        hits.payloads = ByteList(payloads);
        return hits;
    }

    [[nodiscard]] Result<Rows> read(const Keys &keys, bool is_missing_legal) const {
        Rows result;
        result.rows = Matrix(shape_.dtype, keys.size(), shape_.dim);
        result.found.assign(static_cast<std::size_t>(keys.size()), 1);
        const skep_mutable_matrix target = result.rows.mutable_view();
        skep_byte_list *payloads = nullptr;
        auto done = detail::call(skep_collection_get, get(), keys.get(), &target, &payloads,
                                 is_missing_legal ? result.found.data() : nullptr);
        if (!done) return done.error();
        result.payloads = ByteList(payloads);
        return result;
    }

    [[nodiscard]] Result<bool> contains_one(const Keys &keys) const {
        std::uint8_t found = 0;
        auto done = detail::call(skep_collection_contains, get(), keys.get(), &found);
        if (!done) return done.error();
        return found != 0;
    }

    std::shared_ptr<const detail::RuntimeCallbacks> callbacks_;  // outlives the handle
    detail::Owned<skep_collection, skep_collection_destroy> handle_;
    skep_collection_info shape_{};
};

// Limits searches of one collection to the rows of some keys, or to all others; follows the
// collection and keeps it alive.
class Filter {
  public:
    static Result<Filter> allow(const Collection &collection, const Keys &keys) {
        return create(collection, SKEP_FILTER_ALLOW, keys);
    }
    static Result<Filter> deny(const Collection &collection, const Keys &keys) {
        return create(collection, SKEP_FILTER_DENY, keys);
    }
    [[nodiscard]] skep_filter *get() const noexcept { return handle_.get(); }

  private:
    static Result<Filter> create(const Collection &collection, std::int32_t mode,
                                 const Keys &keys) {
        skep_filter *handle = nullptr;
        auto made = detail::call(skep_filter_create, collection.get(), mode, keys.get(), &handle);
        if (!made) return made.error();
        return Filter(handle, collection.callbacks());
    }
    Filter(skep_filter *handle, std::shared_ptr<const detail::RuntimeCallbacks> callbacks)
        : callbacks_(std::move(callbacks)), handle_(handle) {}

    std::shared_ptr<const detail::RuntimeCallbacks> callbacks_;  // outlives the handle
    detail::Owned<skep_filter, skep_filter_destroy> handle_;
};

inline skep_search_options Collection::plain_options(const SearchOptions &options) {
    skep_search_options plain = SKEP_SEARCH_OPTIONS_INIT;
    plain.k = options.k;
    plain.ef_search = options.ef_search;
    plain.recall = options.recall;
    plain.filter = options.filter == nullptr ? nullptr : options.filter->get();
    return plain;
}

// What is in a .skep file, as JSON text.
inline Result<std::string> describe_file(const std::string &path) {
    skep_byte_list *list = nullptr;
    auto done = detail::call(skep_file_describe, path.c_str(), &list);
    if (!done) return done.error();
    return std::string(ByteList(list)[0]);
}

}  // namespace cxx
}  // namespace skep
