// SPDX-License-Identifier: MIT
// The operation table: each entry checks its arguments, finds the object and calls typed C++.
#include "cpu_entry.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>

#include "argument_checks.hpp"
#include "cpu_backend.hpp"
#include "graph/graph.hpp"
#include "graph/graph_search.hpp"
#include "rows/mask.hpp"
#include "rows/row_store.hpp"
#include "search/search.hpp"
#include "skep/common/element_type.hpp"
#include "skep/plugin_support/entry.hpp"

namespace skep::cpu {
namespace {

using plugin::guard;

// Handles are our objects under an opaque name.
CpuBackend& object(skep_backend* handle) {
    require(handle != nullptr, SKEP_INVALID_ARGUMENT, "backend must not be NULL");
    return *reinterpret_cast<CpuBackend*>(handle);
}

const CpuDevice& object(skep_device* handle) {
    require(handle != nullptr, SKEP_INVALID_ARGUMENT, "device must not be NULL");
    return *reinterpret_cast<const CpuDevice*>(handle);
}

RowStore& object(skep_store* handle) {
    require(handle != nullptr, SKEP_INVALID_ARGUMENT, "store must not be NULL");
    return *reinterpret_cast<RowStore*>(handle);
}

const Mask* object(const skep_mask* handle) {
    return reinterpret_cast<const Mask*>(handle);  // NULL: nothing is erased
}

Graph& object(skep_graph* handle) {
    require(handle != nullptr, SKEP_INVALID_ARGUMENT, "graph must not be NULL");
    return *reinterpret_cast<Graph*>(handle);
}

void require_output(const void* out, const char* message) {
    require(out != nullptr, SKEP_INVALID_ARGUMENT, message);
}

// --- the backend ---

skep_status create(const skep_host_services* host, skep_backend** out, skep_error* error) {
    return guard(error, [&]() -> Result<void> {
        require_output(out, "cpu create: out must not be NULL");
        const skep_host_services services = read_argument(
            host, SKEP_SIZE_THROUGH(skep_host_services, parallel_for), "cpu create: host services");
        require(services.reserved == 0, SKEP_INVALID_ARGUMENT,
                "cpu create: reserved field of the host services must be 0");
        require(services.log_enabled != nullptr && services.log != nullptr &&
                    services.allocate != nullptr && services.deallocate != nullptr &&
                    services.num_workers != nullptr && services.parallel_for != nullptr,
                SKEP_INVALID_ARGUMENT, "cpu create: a host service is NULL; all are required");
        *out = reinterpret_cast<skep_backend*>(new CpuBackend(services));
        return {};
    });
}

void destroy(skep_backend* backend) {
    delete reinterpret_cast<CpuBackend*>(backend);
}

skep_status probe(skep_backend* backend, skep_error* error) {
    return guard(error, [&]() -> Result<void> {
        object(backend);
        return {};
    });
}

skep_status device_count(skep_backend* backend, std::uint32_t* out, skep_error* error) {
    return guard(error, [&]() -> Result<void> {
        object(backend);
        require_output(out, "device count: out must not be NULL");
        *out = 1;
        return {};
    });
}

void require_first(std::uint32_t ordinal, const char* operation) {
    if (ordinal != 0) {
        fail(SKEP_DEVICE_NOT_AVAILABLE,
             fmt::format("{}: ordinal {}; the processor is one device, 0", operation, ordinal));
    }
}

skep_status device_info(skep_backend* backend, std::uint32_t ordinal, skep_device_info* out,
                        skep_error* error) {
    return guard(error, [&]() -> Result<void> {
        const CpuBackend& cpu = object(backend);
        require_output(out, "device info: out must not be NULL");
        require(has_size(out, sizeof out->struct_size), SKEP_INVALID_ARGUMENT,
                "device info: struct_size is not set");
        require_first(ordinal, "device info");
        write_struct(out, cpu.device_info());
        return {};
    });
}

skep_status device_open(skep_backend* backend, std::uint32_t ordinal, skep_device** out,
                        skep_error* error) {
    return guard(error, [&]() -> Result<void> {
        const CpuBackend& cpu = object(backend);
        require_output(out, "device open: out must not be NULL");
        require_first(ordinal, "device open");
        *out = reinterpret_cast<skep_device*>(new CpuDevice{cpu});
        return {};
    });
}

void device_close(skep_device* device) {
    delete reinterpret_cast<CpuDevice*>(device);
}

// --- rows ---

skep_status store_create(skep_device* device, const skep_store_options* options, skep_store** out,
                         skep_error* error) {
    return guard(error, [&]() -> Result<void> {
        const CpuDevice& cpu = object(device);
        require_output(out, "store create: out must not be NULL");
        const skep_store_options checked = read_store_options(options, "store create");
        *out = reinterpret_cast<skep_store*>(new RowStore(cpu.backend, checked));
        return {};
    });
}

void store_destroy(skep_store* store) {
    delete reinterpret_cast<RowStore*>(store);
}

skep_status store_reserve(skep_store* store, std::uint64_t num_slots, skep_error* error) {
    return guard(error, [&]() -> Result<void> {
        object(store).reserve(num_slots);
        return {};
    });
}

template <typename Matrix>
void require_shape(const Matrix& matrix, skep_dtype dtype, std::uint32_t dim, const char* name) {
    if (matrix.dim != dim) {
        fail(SKEP_DIMENSION_MISMATCH,
             fmt::format("{}: dim {}; the store has {}", name, matrix.dim, dim));
    }
    if (matrix.dtype != dtype) {
        fail(SKEP_UNSUPPORTED_TYPE,
             fmt::format("{}: element type {}; the store has {}", name, matrix.dtype, dtype));
    }
}

skep_status store_append(skep_store* store, const skep_matrix* rows, const skep_call* call,
                         skep_error* error) {
    return guard(error, [&]() -> Result<void> {
        RowStore& target = object(store);
        const skep_matrix matrix = read_matrix(rows, "append: rows");
        require_shape(matrix, target.dtype(), target.dim(), "append: rows");
        target.append(matrix, read_call(call, "append: call"));
        return {};
    });
}

void store_truncate(skep_store* store, std::uint64_t num_slots) {
    if (store != nullptr) reinterpret_cast<RowStore*>(store)->truncate(num_slots);
}

skep_status store_read(skep_store* store, std::uint64_t first_slot, const std::uint32_t* slots,
                       const skep_mutable_matrix* out, const skep_call* call, skep_error* error) {
    return guard(error, [&]() -> Result<void> {
        const RowStore& source = object(store);
        const skep_mutable_matrix matrix = read_matrix(out, "read: out");
        require_shape(matrix, source.dtype(), source.dim(), "read: out");
        source.read(first_slot, slots, matrix, read_call(call, "read: call"));
        return {};
    });
}

void require_known(std::uint64_t num_slots, const RowStore& store, const char* operation) {
    if (num_slots > store.num_slots()) {
        fail(SKEP_INVALID_ARGUMENT,
             fmt::format("{}: num_slots {} exceeds the {} slots of the store", operation, num_slots,
                         store.num_slots()));
    }
}

skep_status mask_create(skep_store* store, const skep_mask* parent, std::uint64_t num_slots,
                        const std::uint32_t* slots, std::uint64_t num_erased, skep_mask** out,
                        skep_error* error) {
    return guard(error, [&]() -> Result<void> {
        const RowStore& source = object(store);
        require_output(out, "mask create: out must not be NULL");
        require(slots != nullptr || num_erased == 0, SKEP_INVALID_ARGUMENT,
                "mask create: slots is NULL with slots to erase");
        require_known(num_slots, source, "mask create");
        *out = reinterpret_cast<skep_mask*>(
            new Mask(source.backend().host(), object(parent), num_slots, slots, num_erased));
        return {};
    });
}

void mask_destroy(skep_mask* mask) {
    delete reinterpret_cast<Mask*>(mask);
}

skep_status store_compact(skep_store* store, std::uint64_t num_slots, const skep_mask* mask,
                          const skep_call* call, skep_error* error) {
    return guard(error, [&]() -> Result<void> {
        object(store).compact(num_slots, object(mask), read_call(call, "compact: call"));
        return {};
    });
}

skep_status store_stats(skep_store* store, skep_store_stats* out, skep_error* error) {
    return guard(error, [&]() -> Result<void> {
        const RowStore& source = object(store);
        require_output(out, "stats: out must not be NULL");
        require(has_size(out, sizeof out->struct_size), SKEP_INVALID_ARGUMENT,
                "stats: struct_size is not set");
        write_struct(out, source.stats());
        return {};
    });
}

// --- search ---

skep_matrix read_queries(const skep_matrix* queries, const RowStore& store, const char* name) {
    const skep_matrix matrix = read_matrix(queries, name);
    const bool is_f32 = matrix.dtype == SKEP_DTYPE_F32;
    require_shape(matrix, is_f32 ? SKEP_DTYPE_F32 : store.dtype(), store.dim(), name);
    return matrix;
}

// What store_search and graph_search are given, checked.
struct SearchArguments {
    SearchArguments(const RowStore& store, const skep_matrix* queries,
                    const skep_search_request* request_in, const skep_search_answer* answer_in,
                    const skep_call* call_in)
        : matrix(read_queries(queries, store, "search: queries")),
          request(read_argument(request_in, SKEP_SIZE_THROUGH(skep_search_request, k),
                                "search: request")),
          allowed(read_bitmap(request.allowed, bitmap, "search: allowed")),
          answer(read_argument(answer_in, SKEP_SIZE_THROUGH(skep_search_answer, distances),
                               "search: answer")),
          call(read_call(call_in, "search: call")) {
        require(request.reserved == 0 && request.reserved2 == 0, SKEP_INVALID_ARGUMENT,
                "search: reserved fields of the request must be 0");
        require(request.k != 0, SKEP_INVALID_K, "search: k is 0; it must be at least 1");
        require_known(request.num_slots, store, "search");
        require(
            answer.memory_kind == SKEP_MEMORY_HOST || answer.memory_kind == SKEP_MEMORY_CUDA_HOST,
            SKEP_WRONG_MEMORY, "search: the answer must lie in host memory");
        require(answer.reserved == 0, SKEP_INVALID_ARGUMENT,
                "search: reserved field of the answer must be 0");
        require(matrix.num_rows == 0 || (answer.slots != nullptr && answer.distances != nullptr),
                SKEP_INVALID_ARGUMENT,
                "search: slots and distances of the answer must not be NULL");
    }
    SearchArguments(const SearchArguments&) = delete;
    SearchArguments& operator=(const SearchArguments&) = delete;

    skep_matrix matrix;
    skep_search_request request;
    skep_bitmap bitmap{};
    const skep_bitmap* allowed;  // null or &bitmap
    skep_search_answer answer;
    const skep_call* call;
};

skep_status store_search(skep_store* store, const skep_matrix* queries,
                         const skep_search_request* request, const skep_search_answer* answer,
                         const skep_call* call, skep_error* error) {
    return guard(error, [&]() -> Result<void> {
        const RowStore& source = object(store);
        const SearchArguments asked(source, queries, request, answer, call);
        search(source, asked.matrix, asked.request,
               Visibility(object(asked.request.mask), asked.allowed), asked.answer, asked.call);
        return {};
    });
}

skep_status store_range_search(skep_store* store, const skep_matrix* queries,
                               const skep_range_request* request, const skep_range_sink* sink,
                               const skep_call* call, skep_error* error) {
    return guard(error, [&]() -> Result<void> {
        const RowStore& source = object(store);
        const skep_matrix matrix = read_queries(queries, source, "range search: queries");
        const skep_range_request asked = read_argument(
            request, SKEP_SIZE_THROUGH(skep_range_request, num_slots), "range search: request");
        require(!std::isnan(asked.radius), SKEP_NOT_FINITE, "range search: radius is NaN");
        require_known(asked.num_slots, source, "range search");
        skep_bitmap bitmap{};
        const skep_bitmap* allowed = read_bitmap(asked.allowed, bitmap, "range search: allowed");
        const skep_range_sink target =
            read_argument(sink, SKEP_SIZE_THROUGH(skep_range_sink, emit), "range search: sink");
        require(target.reserved == 0 && target.emit != nullptr, SKEP_INVALID_ARGUMENT,
                "range search: reserved field of the sink must be 0 and emit must not be NULL");
        range_search(source, matrix, asked, Visibility(object(asked.mask), allowed), target,
                     read_call(call, "range search: call"));
        return {};
    });
}

// --- optional ---

skep_status store_adopt(skep_device* device, const skep_store_options* options,
                        const skep_matrix* rows, const skep_release* release, const skep_call* call,
                        skep_store** out, skep_error* error) {
    return guard(error, [&]() -> Result<void> {
        const CpuDevice& cpu = object(device);
        require_output(out, "store adopt: out must not be NULL");
        const skep_store_options checked = read_store_options(options, "store adopt");
        const skep_matrix matrix = read_matrix(rows, "store adopt: rows");
        require_shape(matrix, checked.dtype, checked.dim, "store adopt: rows");
        require(release != nullptr && release->release != nullptr, SKEP_INVALID_ARGUMENT,
                "store adopt: release must not be NULL");
        require(matrix.num_rows <= SKEP_MAX_ROWS, SKEP_LIMIT_EXCEEDED,
                "store adopt: more rows than a store can number");
        *out = reinterpret_cast<skep_store*>(new RowStore(cpu.backend, checked, matrix, *release,
                                                          read_call(call, "store adopt: call")));
        return {};
    });
}

skep_status device_warm_up(skep_device* device, const skep_store_options* options,
                           const skep_call* call, skep_error* error) {
    return guard(error, [&]() -> Result<void> {
        object(device);
        // Nothing is loaded or compiled late.
        read_store_options(options, "warm up");
        read_call(call, "warm up: call");
        return {};
    });
}

skep_status device_memory(skep_backend* backend, std::uint32_t ordinal,
                          std::uint64_t* out_free_bytes, std::uint64_t* out_total_bytes,
                          skep_error* error) {
    return guard(error, [&]() -> Result<void> {
        const CpuBackend& cpu = object(backend);
        require_output(out_free_bytes, "device memory: out_free_bytes must not be NULL");
        require_output(out_total_bytes, "device memory: out_total_bytes must not be NULL");
        require_first(ordinal, "device memory");
        const skep_device_info info = cpu.device_info();
        *out_free_bytes = info.free_memory_bytes;
        *out_total_bytes = info.total_memory_bytes;
        return {};
    });
}

// --- graphs ---

skep_status graph_create(skep_store* store, const skep_graph_options* options, skep_graph** out,
                         skep_error* error) {
    return guard(error, [&]() -> Result<void> {
        const RowStore& source = object(store);
        require_output(out, "graph create: out must not be NULL");
        const skep_graph_options wanted = read_argument(
            options, SKEP_SIZE_THROUGH(skep_graph_options, seed), "graph create: options");
        require(wanted.reserved == 0, SKEP_INVALID_ARGUMENT,
                "graph create: reserved field of the options must be 0");
        if (wanted.m < SKEP_MIN_GRAPH_LINKS || wanted.m > SKEP_MAX_GRAPH_LINKS) {
            fail(SKEP_INVALID_ARGUMENT, fmt::format("graph create: m {} must be {} to {}", wanted.m,
                                                    SKEP_MIN_GRAPH_LINKS, SKEP_MAX_GRAPH_LINKS));
        }
        if (wanted.ef_construction == 0 || wanted.ef_construction > SKEP_MAX_EF_CONSTRUCTION) {
            fail(SKEP_INVALID_ARGUMENT,
                 fmt::format("graph create: ef_construction {} must be 1 to {}",
                             wanted.ef_construction, SKEP_MAX_EF_CONSTRUCTION));
        }
        *out = reinterpret_cast<skep_graph*>(new Graph(source, wanted));
        return {};
    });
}

void graph_destroy(skep_graph* graph) {
    delete reinterpret_cast<Graph*>(graph);
}

skep_status graph_reserve(skep_graph* graph, std::uint64_t num_slots, skep_error* error) {
    return guard(error, [&]() -> Result<void> {
        object(graph).reserve(num_slots);
        return {};
    });
}

skep_status graph_link(skep_graph* graph, std::uint64_t num_slots, const skep_call* call,
                       skep_error* error) {
    return guard(error, [&]() -> Result<void> {
        Graph& target = object(graph);
        require_known(num_slots, target.store(), "graph link");
        target.link(num_slots, read_call(call, "graph link: call"));
        return {};
    });
}

void graph_clear(skep_graph* graph) {
    if (graph != nullptr) reinterpret_cast<Graph*>(graph)->clear();
}

skep_status graph_compact(skep_graph* graph, std::uint64_t num_slots, const skep_mask* mask,
                          const skep_call* call, skep_graph** out, skep_error* error) {
    return guard(error, [&]() -> Result<void> {
        const Graph& source = object(graph);
        require_output(out, "graph compact: out must not be NULL");
        require_known(num_slots, source.store(), "graph compact");
        *out = reinterpret_cast<skep_graph*>(
            source.compacted(num_slots, object(mask), read_call(call, "graph compact: call"))
                .release());
        return {};
    });
}

skep_status graph_search(skep_graph* graph, const skep_matrix* queries,
                         const skep_search_request* request, const skep_search_answer* answer,
                         const skep_call* call, skep_error* error) {
    return guard(error, [&]() -> Result<void> {
        const Graph& source = object(graph);
        const SearchArguments asked(source.store(), queries, request, answer, call);
        require(asked.request.first_slot == 0, SKEP_INVALID_ARGUMENT,
                "graph search: first_slot must be 0");
        search_graph(source, asked.matrix, asked.request, object(asked.request.mask), asked.allowed,
                     asked.answer, asked.call);
        return {};
    });
}

skep_status graph_stats(skep_graph* graph, skep_graph_stats* out, skep_error* error) {
    return guard(error, [&]() -> Result<void> {
        const Graph& source = object(graph);
        require_output(out, "graph stats: out must not be NULL");
        require(has_size(out, sizeof out->struct_size), SKEP_INVALID_ARGUMENT,
                "graph stats: struct_size is not set");
        write_struct(out, source.stats());
        return {};
    });
}

constexpr std::size_t kImageFloor = SKEP_SIZE_THROUGH(skep_graph_image, upper_links);

skep_status graph_export(skep_graph* graph, skep_graph_image* image, skep_error* error) {
    return guard(error, [&]() -> Result<void> {
        const Graph& source = object(graph);
        skep_graph_image filled = read_argument(image, kImageFloor, "graph export: image");
        source.export_image(filled);
        write_struct(image, filled);
        return {};
    });
}

skep_status graph_import(skep_graph* graph, const skep_graph_image* image, skep_error* error) {
    return guard(error, [&]() -> Result<void> {
        object(graph).import_image(read_argument(image, kImageFloor, "graph import: image"));
        return {};
    });
}

const skep_backend_operations kOperations = {
    .struct_size = sizeof(skep_backend_operations),
    .reserved = 0,
    .create = create,
    .destroy = destroy,
    .probe = probe,
    .device_count = device_count,
    .device_info = device_info,
    .device_open = device_open,
    .device_close = device_close,
    .store_create = store_create,
    .store_destroy = store_destroy,
    .store_reserve = store_reserve,
    .store_append = store_append,
    .store_truncate = store_truncate,
    .store_read = store_read,
    .mask_create = mask_create,
    .mask_destroy = mask_destroy,
    .store_compact = store_compact,
    .store_stats = store_stats,
    .store_search = store_search,
    .opt_store_range_search = store_range_search,
    .opt_store_adopt = store_adopt,
    .opt_device_warm_up = device_warm_up,
    .opt_device_memory = device_memory,
    .opt_graph_create = graph_create,
    .opt_graph_destroy = graph_destroy,
    .opt_graph_reserve = graph_reserve,
    .opt_graph_link = graph_link,
    .opt_graph_clear = graph_clear,
    .opt_graph_compact = graph_compact,
    .opt_graph_search = graph_search,
    .opt_graph_stats = graph_stats,
    .opt_graph_export = graph_export,
    .opt_graph_import = graph_import,
    .opt_extension = nullptr,
};

}  // namespace
}  // namespace skep::cpu

extern "C" skep_status skep_cpu_backend_entry(const skep_backend_request* request,
                                              skep_backend_answer* answer, skep_error* error) {
    return skep::plugin::answer_entry({"cpu", "0.1.0", &skep::cpu::kOperations}, request, answer,
                                      error);
}
