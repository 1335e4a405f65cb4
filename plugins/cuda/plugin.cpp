// SPDX-License-Identifier: MIT
// The exported symbol and the operation table of the CUDA backend: check arguments, find the
// object, call typed C++.
#include <cstdint>

#include <skep/backend.h>

#include <skep/common/guard.hpp>
#include <skep/common/struct_copy.hpp>

#include "argument_checks.hpp"
#include "graph_operations.hpp"
#include "handles.hpp"
#include "index/flat_kernels.hpp"
#include "index/plain_search.hpp"
#include "index/tile_launch.hpp"
#include "kernels/exact_params.h"
#include "kernels/select_params.h"
#include "kernels/tile_params.h"

namespace {

using namespace skep;
using namespace skep::cuda;

constexpr const char* kName = "cuda";
constexpr const char* kVersion = "0.1.0";

skep_status create(const skep_host_services* host, skep_backend** out, skep_error* error) {
    return guarded(error, [&]() -> Result<void> {
        if (host == nullptr || out == nullptr ||
            !skep::has_size(host, SKEP_SIZE_THROUGH(skep_host_services, parallel_for))) {
            return invalid("create: host services and out are required");
        }
        *out = std::make_unique<skep_backend>(skep::read_struct(host)).release();
        return {};
    });
}

void destroy(skep_backend* backend) {
    delete backend;
}

skep_status probe(skep_backend* backend, skep_error* error) {
    return guarded(error, [&]() -> Result<void> {
        if (backend == nullptr) return invalid("probe: backend is NULL");
        return backend->backend.probe();
    });
}

skep_status device_count(skep_backend* backend, std::uint32_t* out, skep_error* error) {
    return guarded(error, [&]() -> Result<void> {
        if (backend == nullptr || out == nullptr) {
            return invalid("device_count: backend and out are required");
        }
        const auto count = backend->backend.device_count();
        if (!count) return count.error();
        *out = *count;
        return {};
    });
}

skep_status device_info(skep_backend* backend, std::uint32_t ordinal, skep_device_info* out,
                        skep_error* error) {
    return guarded(error, [&]() -> Result<void> {
        if (backend == nullptr || out == nullptr) {
            return invalid("device_info: backend and out are required");
        }
        const auto info = backend->backend.device_info(ordinal);
        if (!info) return info.error();
        skep::write_struct(out, *info);
        return {};
    });
}

skep_status device_open(skep_backend* backend, std::uint32_t ordinal, skep_device** out,
                        skep_error* error) {
    return guarded(error, [&]() -> Result<void> {
        if (backend == nullptr || out == nullptr) {
            return invalid("device_open: backend and out are required");
        }
        auto handle = std::make_unique<skep_device>();
        auto device = backend->backend.open_device(ordinal);
        if (!device) return device.error();
        handle->device = std::move(*device);
        *out = handle.release();
        return {};
    });
}

void device_close(skep_device* device) {
    delete device;
}

skep_status store_create(skep_device* device, const skep_store_options* options, skep_store** out,
                         skep_error* error) {
    return guarded(error, [&]() -> Result<void> {
        if (device == nullptr || options == nullptr || out == nullptr ||
            !skep::has_size(options, SKEP_SIZE_THROUGH(skep_store_options, dim))) {
            return invalid("store_create: device, options and out are required");
        }
        *out = std::make_unique<skep_store>(device->device, skep::read_struct(options)).release();
        return {};
    });
}

void store_destroy(skep_store* store) {
    delete store;
}

skep_status store_reserve(skep_store* store, std::uint64_t num_slots, skep_error* error) {
    return guarded(error, [&]() -> Result<void> {
        if (store == nullptr) return invalid("store_reserve: store is NULL");
        store->store.reserve(num_slots);
        return {};
    });
}

skep_status store_append(skep_store* store, const skep_matrix* rows, const skep_call* call,
                         skep_error* error) {
    return guarded(error, [&]() -> Result<void> {
        if (store == nullptr || rows == nullptr) {
            return invalid("store_append: store and rows are required");
        }
        const skep_matrix matrix = skep::read_struct(rows);
        if (auto ok = check_host_matrix(matrix, "store_append"); !ok) return ok;
        if (auto ok = check_shape(matrix.dtype, matrix.dim, matrix.row_stride_bytes, store->store,
                                  false, "store_append");
            !ok) {
            return ok;
        }
        return result_of(store->store.append(matrix, call), "store_append");
    });
}

void store_truncate(skep_store* store, std::uint64_t num_slots) {
    if (store != nullptr) store->store.truncate(num_slots);
}

skep_status store_read(skep_store* store, std::uint64_t first_slot, const std::uint32_t* slots,
                       const skep_mutable_matrix* out, const skep_call* call, skep_error* error) {
    return guarded(error, [&]() -> Result<void> {
        if (store == nullptr || out == nullptr) {
            return invalid("store_read: store and out are required");
        }
        const skep_mutable_matrix matrix = skep::read_struct(out);
        if (matrix.memory_kind != SKEP_MEMORY_HOST && matrix.memory_kind != SKEP_MEMORY_CUDA_HOST) {
            return Error(SKEP_WRONG_MEMORY,
                         fmt::format("store_read: out lies in memory of kind {}; host memory is "
                                     "needed",
                                     matrix.memory_kind),
                         SKEP_LAYER_BACKEND);
        }
        if (matrix.num_rows != 0 && matrix.data == nullptr) {
            return invalid("store_read: out has rows and no data");
        }
        if (auto ok = check_shape(matrix.dtype, matrix.dim, matrix.row_stride_bytes, store->store,
                                  false, "store_read");
            !ok) {
            return ok;
        }
        return result_of(store->store.read(first_slot, slots, matrix, call), "store_read");
    });
}

skep_status mask_create(skep_store* store, const skep_mask* parent, std::uint64_t num_slots,
                        const std::uint32_t* slots, std::uint64_t num_erased, skep_mask** out,
                        skep_error* error) {
    return guarded(error, [&]() -> Result<void> {
        if (store == nullptr || out == nullptr || (slots == nullptr && num_erased != 0)) {
            return invalid("mask_create: store, slots and out are required");
        }
        *out =
            new skep_mask{Mask(store->store.device(), parent != nullptr ? &parent->mask : nullptr,
                               num_slots, slots, num_erased)};
        return {};
    });
}

void mask_destroy(skep_mask* mask) {
    delete mask;
}

skep_status store_compact(skep_store* store, std::uint64_t num_slots, const skep_mask* mask,
                          const skep_call* call, skep_error* error) {
    return guarded(error, [&]() -> Result<void> {
        if (store == nullptr) return invalid("store_compact: store is NULL");
        return result_of(
            store->store.compact(num_slots, mask != nullptr ? &mask->mask : nullptr, call),
            "store_compact");
    });
}

skep_status store_stats(skep_store* store, skep_store_stats* out, skep_error* error) {
    return guarded(error, [&]() -> Result<void> {
        if (store == nullptr || out == nullptr) {
            return invalid("store_stats: store and out are required");
        }
        skep::write_struct(out, store->store.stats());
        return {};
    });
}

skep_status store_search(skep_store* store, const skep_matrix* queries,
                         const skep_search_request* request, const skep_search_answer* answer,
                         const skep_call* call, skep_error* error) {
    return guarded(error, [&]() -> Result<void> {
        if (store == nullptr) return invalid("store_search: store is NULL");
        const auto given = check_search(store->store, queries, request, answer, "store_search");
        if (!given) return given.error();
        return result_of(
            store->store.search(given->queries, given->request, given->mask, given->answer, call),
            "store_search");
    });
}

skep_status device_warm_up(skep_device* device, const skep_store_options* options,
                           const skep_call* call, skep_error* error) {
    return guarded(error, [&]() -> Result<void> {
        if (device == nullptr || options == nullptr) {
            return invalid("device_warm_up: device and options are required");
        }
        Device& opened = *device->device;
        const ScopedContext scope(*opened.context(), "device_warm_up");
        struct Kernel {
            const char* name;
            std::uint32_t shared_bytes;
        };
        const skep_store_options shape = skep::read_struct(options);
        require_store_shape(shape, "device_warm_up");
        const kernels::RowKernels& of_rows = kernels::row_kernels(shape.dtype);
        // The plain search first: it settles the rung.
        const Kernel all[] = {
            {of_rows.plain[shape.metric], plain_shared_bytes(kMaxPlainSlots)},
            {kernels::kEncodeQueries, 0},
            {of_rows.encode, 0},
            {kernels::kGatherRows, 0},
            {of_rows.select, select_shared_bytes(2 * kMaxDeviceK)},
            {of_rows.exact_scan, 0},
            {kernels::kExactSelect, exact_shared_bytes(exact_sort_capacity(kMaxDeviceK))}};
        std::uint64_t done = 0;
        for (const Kernel& kernel : all) {
            if (call != nullptr) {
                const skep_status stop = call->poll(call->context, done++, std::size(all));
                if (stop != SKEP_OK) return result_of(stop, "device_warm_up");
            }
            opened.modules().function(kernel.name, kernel.shared_bytes);
        }
        // Which products a search takes depends on what rows and queries turn out to be.
        std::vector<const kernels::Products*> products;
        if (shape.dtype != SKEP_DTYPE_I8) {
            if (shape.metric != SKEP_METRIC_COSINE) products.push_back(&kernels::kBytes);
            products.push_back(&kernels::kU8U8);
            products.push_back(&kernels::kS8U8);
        }
        if (shape.dtype != SKEP_DTYPE_U8) products.push_back(&kernels::kS8S8);
        const TileKernels tiles(opened, shape.dim);
        for (const kernels::Products* product : products) {
            opened.modules().function(product->sweep_one);
            opened.modules().function(product->sweep_eight);
            const bool is_taken = product != &kernels::kU8U8 || tiles.take_unsigned_queries();
            if (!tiles.are_there() || !is_taken) continue;
            const kernels::TileKind kind = tiles.kind_for(*product);
            const kernels::TileNames& names = product->tiles[static_cast<std::size_t>(kind)];
            for (const char* tile : {names.tile, names.sample})
                opened.modules().function(tile, tile_shared_bytes(kind));
        }
        return {};
    });
}

skep_status device_memory(skep_backend* backend, std::uint32_t ordinal,
                          std::uint64_t* out_free_bytes, std::uint64_t* out_total_bytes,
                          skep_error* error) {
    return guarded(error, [&]() -> Result<void> {
        if (backend == nullptr || out_free_bytes == nullptr || out_total_bytes == nullptr) {
            return invalid("device_memory: backend and both outputs are required");
        }
        const auto memory = backend->backend.memory(ordinal);
        if (!memory) return memory.error();
        *out_free_bytes = memory->free_bytes;
        *out_total_bytes = memory->total_bytes;
        return {};
    });
}

const skep_backend_operations& operations() {
    static const skep_backend_operations kOperations = [] {
        skep_backend_operations table{};
        table.struct_size = sizeof table;
        table.create = create;
        table.destroy = destroy;
        table.probe = probe;
        table.device_count = device_count;
        table.device_info = device_info;
        table.device_open = device_open;
        table.device_close = device_close;
        table.store_create = store_create;
        table.store_destroy = store_destroy;
        table.store_reserve = store_reserve;
        table.store_append = store_append;
        table.store_truncate = store_truncate;
        table.store_read = store_read;
        table.mask_create = mask_create;
        table.mask_destroy = mask_destroy;
        table.store_compact = store_compact;
        table.store_stats = store_stats;
        table.store_search = store_search;
        table.opt_device_warm_up = device_warm_up;
        table.opt_device_memory = device_memory;
        add_graph_operations(table);
        return table;
    }();
    return kOperations;
}

}  // namespace

skep_status skep_backend_entry(const skep_backend_request* request, skep_backend_answer* answer,
                               skep_error* error) {
    return guarded(error, [&]() -> Result<void> {
        if (request == nullptr || answer == nullptr ||
            !skep::has_size(request, SKEP_SIZE_THROUGH(skep_backend_request, max_abi_version)) ||
            !skep::has_size(answer, SKEP_SIZE_THROUGH(skep_backend_answer, operations))) {
            return invalid("skep_backend_entry: request and answer are required");
        }
        const skep_backend_request asked = skep::read_struct(request);
        skep_backend_answer given{};
        given.min_abi_version = SKEP_BACKEND_ABI_VERSION;
        given.max_abi_version = SKEP_BACKEND_ABI_VERSION;
        const bool is_common = asked.min_abi_version <= SKEP_BACKEND_ABI_VERSION &&
                               asked.max_abi_version >= SKEP_BACKEND_ABI_VERSION;
        if (is_common) {
            given.abi_version = SKEP_BACKEND_ABI_VERSION;
            given.operations = &operations();
            skep::copy_text(given.name, kName, std::strlen(kName));
            skep::copy_text(given.version, kVersion, std::strlen(kVersion));
        }
        skep::write_struct(answer, given);
        if (is_common) return {};
        return Error(
            SKEP_ABI_MISMATCH,
            fmt::format("cuda backend speaks ABI version {}; the host speaks {} to {}",
                        SKEP_BACKEND_ABI_VERSION, asked.min_abi_version, asked.max_abi_version),
            SKEP_LAYER_BACKEND);
    });
}
