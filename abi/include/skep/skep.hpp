// SPDX-License-Identifier: MIT
// C++17 face of skep.h, header-only: move-only handles and typed answers, no state of its own.
//
//     skep::Runtime runtime = skep::Runtime::create().value();
//     skep::CollectionOptions options;
//     options.dim = 128;
//     skep::Collection collection = skep::Collection::create(runtime, options).value();
//     collection.add(skep::rows(data, 1000, 128)).value();
//     skep::Hits hits = collection.search(skep::rows(queries, 10, 128), 5).value();
//
// Every function that can fail returns a Result: test it, or call value(), which throws
// skep::Error. What a call does, costs and allows beside it is told at the C function of the same
// name in skep.h.
#pragma once

#include <skep/skep.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "skep/result.hpp"

namespace skep {

// A borrowed row-major matrix in host memory, [num_rows, dim].
inline skep_matrix rows(const float *data, std::uint64_t num_rows, std::uint32_t dim) noexcept {
    return SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_F32, data, num_rows, dim);
}
inline skep_matrix rows(const std::uint8_t *data, std::uint64_t num_rows,
                        std::uint32_t dim) noexcept {
    return SKEP_HOST_MATRIX(skep_matrix, SKEP_DTYPE_U8, data, num_rows, dim);
}

namespace detail {

template <typename Handle, void (*destroy)(Handle *)>
struct Destroy {
    void operator()(Handle *handle) const noexcept { destroy(handle); }
};

template <typename Handle, void (*destroy)(Handle *)>
using Owned = std::unique_ptr<Handle, Destroy<Handle, destroy>>;

// Calls a C function that takes its error last, and turns its status into a Result.
template <typename Function, typename... Arguments>
Result<void> call(Function function, Arguments... arguments) {
    skep_error error = SKEP_ERROR_INIT;
    const skep_status status = function(arguments..., &error);
    if (status != SKEP_OK) return Error(status, error.message, error.layer, error.native_code);
    return {};
}

}  // namespace detail

// A switch that stops running calls from another thread.
class Cancel {
  public:
    static Result<Cancel> create() {
        skep_cancel *handle = nullptr;
        const Result<void> made = detail::call(skep_cancel_create, &handle);
        if (!made) return made.error();
        return Cancel(handle);
    }
    void trigger() noexcept { skep_cancel_trigger(handle_.get()); }
    void reset() noexcept { skep_cancel_reset(handle_.get()); }
    [[nodiscard]] skep_cancel *get() const noexcept { return handle_.get(); }

  private:
    explicit Cancel(skep_cancel *handle) : handle_(handle) {}
    detail::Owned<skep_cancel, skep_cancel_destroy> handle_;
};

// An owned list of byte strings: keys, payloads, reports. Views live as long as the list.
class ByteList {
  public:
    ByteList() = default;
    explicit ByteList(skep_byte_list *adopted) : handle_(adopted) {}
    [[nodiscard]] std::uint64_t size() const noexcept {
        return skep_byte_list_count(handle_.get());
    }
    [[nodiscard]] std::string_view operator[](std::uint64_t index) const noexcept {
        std::uint64_t length = 0;
        const char *text = skep_byte_list_at(handle_.get(), index, &length);
        return text == nullptr ? std::string_view()
                               : std::string_view(text, static_cast<std::size_t>(length));
    }

  private:
    detail::Owned<skep_byte_list, skep_byte_list_destroy> handle_;
};

// skep_device_info with the arithmetic that users ask of it.
struct DeviceInfo : skep_device_info {
    DeviceInfo() : skep_device_info{} { struct_size = sizeof(skep_device_info); }
    [[nodiscard]] std::uint64_t used_memory_bytes() const noexcept {
        return total_memory_bytes - free_memory_bytes;
    }
    // 0 to 100; 0 for a device that does not tell its memory.
    [[nodiscard]] double memory_usage_percent() const noexcept {
        if (total_memory_bytes == 0) return 0.0;
        return 100.0 * static_cast<double>(used_memory_bytes()) /
               static_cast<double>(total_memory_bytes);
    }
    [[nodiscard]] bool has_free_memory(std::uint64_t bytes) const noexcept {
        return free_memory_bytes >= bytes;
    }
    [[nodiscard]] std::uint64_t total_memory_mib() const noexcept {
        return total_memory_bytes >> 20;
    }
    [[nodiscard]] std::uint64_t free_memory_mib() const noexcept { return free_memory_bytes >> 20; }
    [[nodiscard]] bool supports(skep_metric metric, skep_dtype dtype) const noexcept {
        return metric >= 0 && metric < SKEP_NUM_METRICS && dtype >= 0 && dtype < 32 &&
               (supported_dtypes[metric] >> static_cast<unsigned>(dtype) & 1U) != 0;
    }
};

// Backends, devices and worker threads.
class Runtime {
  public:
    static Result<Runtime> create(const skep_runtime_options *options = nullptr) {
        skep_runtime *handle = nullptr;
        const Result<void> made = detail::call(skep_runtime_create, options, &handle);
        if (!made) return made.error();
        return Runtime(handle);
    }

    // All devices, best first.
    Result<std::vector<DeviceInfo>> devices() const {
        std::uint64_t count = 0;
        if (auto done = detail::call(skep_runtime_num_devices, get(), &count); !done) {
            return done.error();
        }
        std::vector<DeviceInfo> infos(static_cast<std::size_t>(count));
        for (std::uint64_t index = 0; index < count; ++index) {
            skep_device_info *info = &infos[static_cast<std::size_t>(index)];
            if (auto done = detail::call(skep_runtime_device_at, get(), index, info); !done) {
                return done.error();
            }
        }
        return infos;
    }

    Result<DeviceInfo> find_device(const std::string &name) const {
        DeviceInfo info;
        skep_device_info *target = &info;
        if (auto done = detail::call(skep_runtime_find_device, get(), name.c_str(), target);
            !done) {
            return done.error();
        }
        return info;
    }

    // format: SKEP_FORMAT_TEXT or SKEP_FORMAT_JSON.
    Result<std::string> explain(std::int32_t format = SKEP_FORMAT_TEXT) const {
        skep_byte_list *list = nullptr;
        if (auto done = detail::call(skep_runtime_explain, get(), format, &list); !done) {
            return done.error();
        }
        return std::string(ByteList(list)[0]);
    }

    [[nodiscard]] skep_runtime *get() const noexcept { return handle_.get(); }

  private:
    explicit Runtime(skep_runtime *handle) : handle_(handle) {}
    detail::Owned<skep_runtime, skep_runtime_destroy> handle_;
};

// A zeroed skep_collection_options but for the metric, which is the most common one here.
struct CollectionOptions : skep_collection_options {
    CollectionOptions() : skep_collection_options{} {
        struct_size = sizeof(skep_collection_options);
        metric = SKEP_METRIC_L2;
    }
};

// Answers of a search, [num_queries, k] each; missing ones have key UINT64_MAX and distance
// +infinity.
struct Hits {
    std::uint64_t num_queries = 0;
    std::uint64_t k = 0;
    std::vector<std::uint64_t> keys;  // u64 collections
    ByteList strings;                 // string collections
    std::vector<float> distances;
};

// Rows, keys and payloads on one device.
class Collection {
  public:
    static Result<Collection> create(const Runtime &runtime, const CollectionOptions &options) {
        skep_collection *handle = nullptr;
        const skep_collection_options *plain = &options;
        auto made = detail::call(skep_collection_create, runtime.get(), plain, &handle);
        if (!made) return made.error();
        return Collection(handle, options.key_kind);
    }

    // flags: SKEP_OPEN_ bits.
    static Result<Collection> open(const Runtime &runtime, const std::string &path,
                                   const std::string &device = "auto", std::uint32_t flags = 0,
                                   const skep_call_options *control = nullptr) {
        skep_open_options options = SKEP_OPEN_OPTIONS_INIT;
        options.flags = flags;
        options.device = device.c_str();
        const skep_open_options *plain = &options;
        skep_collection *handle = nullptr;
        auto made = detail::call(skep_collection_open, runtime.get(), path.c_str(), plain, control,
                                 &handle);
        if (!made) return made.error();
        Collection collection(handle, SKEP_KEY_U64);
        const Result<skep_collection_info> info = collection.info();
        if (!info) return info.error();
        collection.key_kind_ = info->key_kind;
        return collection;
    }

    // Adds rows under consecutive numbers and returns the first of them.
    Result<std::uint64_t> add(const skep_matrix &rows, const skep_call_options *control = nullptr) {
        std::uint64_t first_key = 0;
        const skep_keys *no_keys = nullptr;
        const skep_byte_list_view *no_payloads = nullptr;
        auto done = detail::call(skep_collection_add, get(), &rows, no_keys, no_payloads, control,
                                 &first_key);
        if (!done) return done.error();
        return first_key;
    }
    Result<void> add(const skep_matrix &rows, const skep_keys &keys,
                     const skep_byte_list_view *payloads = nullptr,
                     const skep_call_options *control = nullptr) {
        std::uint64_t *no_first_key = nullptr;
        return detail::call(skep_collection_add, get(), &rows, &keys, payloads, control,
                            no_first_key);
    }
    Result<void> upsert(const skep_matrix &rows, const skep_keys &keys,
                        const skep_byte_list_view *payloads = nullptr,
                        const skep_call_options *control = nullptr) {
        return detail::call(skep_collection_upsert, get(), &rows, &keys, payloads, control);
    }
    Result<void> remove(const skep_keys &keys) {
        return detail::call(skep_collection_remove, get(), &keys);
    }
    Result<bool> contains(std::uint64_t key) const {
        const skep_keys keys = SKEP_U64_KEYS(&key, 1);
        std::uint8_t found = 0;
        const skep_keys *one = &keys;
        if (auto done = detail::call(skep_collection_contains, get(), one, &found); !done) {
            return done.error();
        }
        return found != 0;
    }
    Result<std::uint64_t> count() const {
        std::uint64_t number = 0;
        if (auto done = detail::call(skep_collection_count, get(), &number); !done) {
            return done.error();
        }
        return number;
    }
    Result<void> clear() { return detail::call(skep_collection_clear, get()); }
    Result<void> reserve(std::uint64_t num_rows) {
        return detail::call(skep_collection_reserve, get(), num_rows);
    }
    Result<void> compact(const skep_call_options *control = nullptr) {
        return detail::call(skep_collection_compact, get(), control);
    }
    Result<void> save(const std::string &path, const skep_call_options *control = nullptr) const {
        return detail::call(skep_collection_save, get(), path.c_str(), control);
    }

    static Result<Collection> import_hnswlib(const Runtime &runtime, const std::string &path,
                                             const skep_hnswlib_options &options,
                                             const skep_call_options *control = nullptr) {
        skep_collection *handle = nullptr;
        auto made = detail::call(skep_collection_import_hnswlib, runtime.get(), path.c_str(),
                                 &options, control, &handle);
        if (!made) return made.error();
        return Collection(handle, SKEP_KEY_U64);
    }
    Result<void> export_hnswlib(const std::string &path,
                                const skep_call_options *control = nullptr) {
        return detail::call(skep_collection_export_hnswlib, get(), path.c_str(), control);
    }

    Result<Hits> search(const skep_matrix &queries, std::uint64_t k,
                        const skep_call_options *control = nullptr) const {
        skep_search_options options = SKEP_SEARCH_OPTIONS_INIT;
        options.k = k;
        return search(queries, options, control);
    }
    Result<Hits> search(const skep_matrix &queries, const skep_search_options &options,
                        const skep_call_options *control = nullptr) const {
        Hits hits;
        hits.num_queries = queries.num_rows;
        hits.k = options.k;
        if (hits.k != 0 && hits.num_queries > std::numeric_limits<std::size_t>::max() / hits.k) {
            return Error(SKEP_LIMIT_EXCEEDED, "search: num_queries * k does not fit in memory",
                         SKEP_LAYER_CLIENT);
        }
        const auto size = static_cast<std::size_t>(hits.num_queries * hits.k);
        hits.distances.resize(size);
        skep_search_output output = SKEP_SEARCH_OUTPUT_INIT;
        output.distances = hits.distances.data();
        skep_byte_list *strings = nullptr;
        if (key_kind_ == SKEP_KEY_U64) {
            hits.keys.resize(size);
            output.keys = hits.keys.data();
        } else {
            output.strings = &strings;
        }
        const skep_search_output *target = &output;
        auto done =
            detail::call(skep_collection_search, get(), &queries, &options, target, control);
        if (!done) return done.error();
        hits.strings = ByteList(strings);
        return hits;
    }

    Result<skep_collection_info> info() const {
        skep_collection_info info{};
        info.struct_size = sizeof info;
        if (auto done = detail::call(skep_collection_get_info, get(), &info); !done) {
            return done.error();
        }
        return info;
    }
    Result<DeviceInfo> device() const {
        DeviceInfo info;
        skep_device_info *target = &info;
        if (auto done = detail::call(skep_collection_get_device, get(), target); !done) {
            return done.error();
        }
        return info;
    }
    Result<skep_collection_stats> stats() const {
        skep_collection_stats stats{};
        stats.struct_size = sizeof stats;
        if (auto done = detail::call(skep_collection_get_stats, get(), &stats); !done) {
            return done.error();
        }
        return stats;
    }

    [[nodiscard]] skep_collection *get() const noexcept { return handle_.get(); }

  private:
    Collection(skep_collection *handle, skep_key_kind key_kind)
        : handle_(handle), key_kind_(key_kind) {}
    detail::Owned<skep_collection, skep_collection_destroy> handle_;
    skep_key_kind key_kind_;
};

}  // namespace skep
