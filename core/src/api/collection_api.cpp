// SPDX-License-Identifier: MIT
// skep.h: making, filling and reading collections.
#include <cstdint>

#include <skep/skep.h>

#include "api/arguments.hpp"
#include "api/call_argument.hpp"
#include "collection/collection.hpp"
#include "runtime/runtime.hpp"
#include "skep/common/guard.hpp"

namespace skep {
namespace {

constexpr std::uint32_t kDefaultLinks = 16;
constexpr std::uint32_t kDefaultEfConstruction = 200;

const char* device_name(const char* name) {
    return name == nullptr ? "auto" : name;
}

DeviceNeed need_of(const skep_collection_info& info) {
    return {info.metric, info.dtype, info.dim, info.index};
}

skep_collection_info info_of(const skep_collection_options& options) {
    skep_collection_info info{};
    info.struct_size = sizeof info;
    info.dim = options.dim;
    info.metric = options.metric;
    info.dtype = options.dtype;
    info.index = options.index;
    info.key_kind = options.key_kind;
    if (options.index == SKEP_INDEX_HNSW) {
        info.m = options.m == 0 ? kDefaultLinks : options.m;
        info.ef_construction =
            options.ef_construction == 0 ? kDefaultEfConstruction : options.ef_construction;
        info.seed = options.seed;
    }
    return info;
}

skep_matrix read_matrix(const Arguments& arguments, const skep_matrix* matrix, const char* name) {
    return arguments.read(matrix, SKEP_SIZE_THROUGH(skep_matrix, data), name);
}

skep_keys read_keys(const Arguments& arguments, const skep_keys* keys) {
    return arguments.read(keys, SKEP_SIZE_THROUGH(skep_keys, u64), "keys");
}

skep_byte_list_view read_payloads(const Arguments& arguments, const skep_byte_list_view* payloads) {
    const skep_byte_list_view view = arguments.read_optional(
        payloads, SKEP_SIZE_THROUGH(skep_byte_list_view, bytes), "payloads");
    arguments.require_zero(view.reserved, "payloads.reserved");
    return view;
}

Collection& collection_of(const Arguments& arguments, skep_collection* handle) {
    arguments.require(handle, "collection");
    return *handle->collection;
}

}  // namespace
}  // namespace skep

using namespace skep;

skep_status skep_collection_create(skep_runtime* runtime, const skep_collection_options* options,
                                   skep_collection** out, skep_error* error) {
    return guard(error, SKEP_LAYER_CLIENT, [&]() -> Result<void> {
        const Arguments arguments("skep_collection_create");
        arguments.require(runtime, "runtime");
        arguments.require(out, "out");
        const skep_collection_options wanted = arguments.read(
            options, SKEP_SIZE_THROUGH(skep_collection_options, key_kind), "options");
        const skep_collection_info info = info_of(wanted);
        Collection::check_info("create", info).value();
        auto device =
            runtime->runtime->open_device(device_name(wanted.device), need_of(info)).value();
        auto handle = std::make_unique<skep_collection>();
        handle->collection =
            Collection::create(std::move(device), info, wanted.reserve_rows).value();
        *out = handle.release();
        return {};
    });
}

void skep_collection_destroy(skep_collection* collection) {
    delete collection;
}

skep_status skep_collection_get_info(skep_collection* collection, skep_collection_info* out,
                                     skep_error* error) {
    return guard(error, SKEP_LAYER_CLIENT, [&]() -> Result<void> {
        const Arguments arguments("skep_collection_get_info");
        const Collection& target = collection_of(arguments, collection);
        arguments.require_struct(out, SKEP_SIZE_THROUGH(skep_collection_info, key_kind), "out");
        write_struct(out, target.info());
        return {};
    });
}

skep_status skep_collection_get_device(skep_collection* collection, skep_device_info* out,
                                       skep_error* error) {
    return guard(error, SKEP_LAYER_CLIENT, [&]() -> Result<void> {
        const Arguments arguments("skep_collection_get_device");
        const Device& device = collection_of(arguments, collection).device();
        arguments.require_struct(out, SKEP_SIZE_THROUGH(skep_device_info, ordinal), "out");
        const auto ordinal = static_cast<std::uint32_t>(device.info().ordinal);
        write_struct(out, device.backend().device_info_with_memory(ordinal).value());
        return {};
    });
}

skep_status skep_collection_add(skep_collection* collection, const skep_matrix* rows,
                                const skep_keys* keys, const skep_byte_list_view* payloads,
                                const skep_call_options* call, uint64_t* first_key,
                                skep_error* error) {
    return guard(error, SKEP_LAYER_CLIENT, [&]() -> Result<void> {
        const Arguments arguments("skep_collection_add");
        Collection& target = collection_of(arguments, collection);
        const skep_matrix matrix = read_matrix(arguments, rows, "rows");
        const skep_keys key_list = keys == nullptr ? skep_keys{} : read_keys(arguments, keys);
        const skep_byte_list_view payload_list = read_payloads(arguments, payloads);
        const CallArgument control("add", call);
        return target.add(matrix, keys == nullptr ? nullptr : &key_list,
                          payloads == nullptr ? nullptr : &payload_list, control.call(), first_key);
    });
}

skep_status skep_collection_upsert(skep_collection* collection, const skep_matrix* rows,
                                   const skep_keys* keys, const skep_byte_list_view* payloads,
                                   const skep_call_options* call, skep_error* error) {
    return guard(error, SKEP_LAYER_CLIENT, [&]() -> Result<void> {
        const Arguments arguments("skep_collection_upsert");
        Collection& target = collection_of(arguments, collection);
        const skep_matrix matrix = read_matrix(arguments, rows, "rows");
        const skep_keys key_list = read_keys(arguments, keys);
        const skep_byte_list_view payload_list = read_payloads(arguments, payloads);
        const CallArgument control("upsert", call);
        return target.upsert(matrix, key_list, payloads == nullptr ? nullptr : &payload_list,
                             control.call());
    });
}

skep_status skep_collection_remove(skep_collection* collection, const skep_keys* keys,
                                   skep_error* error) {
    return guard(error, SKEP_LAYER_CLIENT, [&]() -> Result<void> {
        const Arguments arguments("skep_collection_remove");
        return collection_of(arguments, collection).remove(read_keys(arguments, keys));
    });
}

skep_status skep_collection_get(skep_collection* collection, const skep_keys* keys,
                                const skep_mutable_matrix* rows, skep_byte_list** payloads,
                                uint8_t* found, skep_error* error) {
    return guard(error, SKEP_LAYER_CLIENT, [&]() -> Result<void> {
        const Arguments arguments("skep_collection_get");
        const Collection& source = collection_of(arguments, collection);
        const skep_keys key_list = read_keys(arguments, keys);
        const skep_mutable_matrix target =
            arguments.read_optional(rows, SKEP_SIZE_THROUGH(skep_mutable_matrix, data), "rows");
        return source.get(key_list, rows == nullptr ? nullptr : &target, payloads, found);
    });
}

skep_status skep_collection_contains(skep_collection* collection, const skep_keys* keys,
                                     uint8_t* found, skep_error* error) {
    return guard(error, SKEP_LAYER_CLIENT, [&]() -> Result<void> {
        const Arguments arguments("skep_collection_contains");
        const Collection& source = collection_of(arguments, collection);
        const skep_keys key_list = read_keys(arguments, keys);
        if (key_list.count != 0) arguments.require(found, "found");
        return source.contains(key_list, found);
    });
}

skep_status skep_collection_count(skep_collection* collection, uint64_t* out, skep_error* error) {
    return guard(error, SKEP_LAYER_CLIENT, [&]() -> Result<void> {
        const Arguments arguments("skep_collection_count");
        const Collection& source = collection_of(arguments, collection);
        arguments.require(out, "out");
        *out = source.count();
        return {};
    });
}

skep_status skep_collection_list_keys(skep_collection* collection, uint64_t* u64, uint64_t capacity,
                                      uint64_t* num_keys, skep_byte_list** strings,
                                      skep_error* error) {
    return guard(error, SKEP_LAYER_CLIENT, [&]() -> Result<void> {
        const Arguments arguments("skep_collection_list_keys");
        const Collection& source = collection_of(arguments, collection);
        return source.list_keys(u64, capacity, num_keys, strings);
    });
}

skep_status skep_collection_clear(skep_collection* collection, skep_error* error) {
    return guard(error, SKEP_LAYER_CLIENT, [&]() -> Result<void> {
        const Arguments arguments("skep_collection_clear");
        return collection_of(arguments, collection).clear();
    });
}

skep_status skep_collection_reserve(skep_collection* collection, uint64_t num_rows,
                                    skep_error* error) {
    return guard(error, SKEP_LAYER_CLIENT, [&]() -> Result<void> {
        const Arguments arguments("skep_collection_reserve");
        return collection_of(arguments, collection).reserve(num_rows);
    });
}

skep_status skep_collection_compact(skep_collection* collection, const skep_call_options* call,
                                    skep_error* error) {
    return guard(error, SKEP_LAYER_CLIENT, [&]() -> Result<void> {
        const Arguments arguments("skep_collection_compact");
        Collection& target = collection_of(arguments, collection);
        const CallArgument control("compact", call);
        return target.compact(control.call());
    });
}

skep_status skep_collection_get_stats(skep_collection* collection, skep_collection_stats* out,
                                      skep_error* error) {
    return guard(error, SKEP_LAYER_CLIENT, [&]() -> Result<void> {
        const Arguments arguments("skep_collection_get_stats");
        const Collection& source = collection_of(arguments, collection);
        arguments.require_struct(out, SKEP_SIZE_THROUGH(skep_collection_stats, num_rows), "out");
        write_struct(out, source.stats().value());
        return {};
    });
}
