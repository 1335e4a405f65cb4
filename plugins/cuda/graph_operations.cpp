// SPDX-License-Identifier: MIT
#include "graph_operations.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <memory>

#include "argument_checks.hpp"
#include "handles.hpp"

namespace skep::cuda {
namespace {

Result<void> check_slots(const Graph& graph, std::uint64_t num_slots, const char* operation) {
    if (num_slots <= graph.store().num_slots()) return {};
    return invalid(fmt::format("{}: num_slots {} exceeds the {} slots of the store", operation,
                               num_slots, graph.store().num_slots()));
}

skep_status graph_create(skep_store* store, const skep_graph_options* options, skep_graph** out,
                         skep_error* error) {
    return guarded(error, [&]() -> Result<void> {
        if (store == nullptr || options == nullptr || out == nullptr ||
            !has_size(options, SKEP_SIZE_THROUGH(skep_graph_options, seed))) {
            return invalid("graph create: store, options and out are required");
        }
        const skep_graph_options wanted = read_struct(options);
        if (wanted.reserved != 0) return invalid("graph create: reserved must be 0");
        if (wanted.m < SKEP_MIN_GRAPH_LINKS || wanted.m > SKEP_MAX_GRAPH_LINKS) {
            return invalid(fmt::format("graph create: m {} must be {} to {}", wanted.m,
                                       SKEP_MIN_GRAPH_LINKS, SKEP_MAX_GRAPH_LINKS));
        }
        if (wanted.ef_construction == 0 || wanted.ef_construction > SKEP_MAX_EF_CONSTRUCTION) {
            return invalid(fmt::format("graph create: ef_construction {} must be 1 to {}",
                                       wanted.ef_construction, SKEP_MAX_EF_CONSTRUCTION));
        }
        auto handle = std::make_unique<skep_graph>();
        handle->graph = std::make_unique<Graph>(store->store, wanted);
        *out = handle.release();
        return {};
    });
}

void graph_destroy(skep_graph* graph) {
    delete graph;
}

skep_status graph_reserve(skep_graph* graph, std::uint64_t num_slots, skep_error* error) {
    return guarded(error, [&]() -> Result<void> {
        if (graph == nullptr) return invalid("graph reserve: graph is NULL");
        graph->graph->reserve(num_slots);
        return {};
    });
}

skep_status graph_link(skep_graph* graph, std::uint64_t num_slots, const skep_call* call,
                       skep_error* error) {
    return guarded(error, [&]() -> Result<void> {
        if (graph == nullptr) return invalid("graph link: graph is NULL");
        if (auto ok = check_slots(*graph->graph, num_slots, "graph link"); !ok) return ok;
        return result_of(graph->graph->link(num_slots, call), "graph link");
    });
}

void graph_clear(skep_graph* graph) {
    if (graph != nullptr) graph->graph->clear();
}

skep_status graph_compact(skep_graph* graph, std::uint64_t num_slots, const skep_mask* mask,
                          const skep_call* call, skep_graph** out, skep_error* error) {
    return guarded(error, [&]() -> Result<void> {
        if (graph == nullptr || out == nullptr)
            return invalid("graph compact: graph and out are required");
        if (auto ok = check_slots(*graph->graph, num_slots, "graph compact"); !ok) return ok;
        auto handle = std::make_unique<skep_graph>();
        skep_status stop = SKEP_OK;
        handle->graph =
            graph->graph->compacted(num_slots, mask != nullptr ? &mask->mask : nullptr, call, stop);
        if (stop != SKEP_OK) return result_of(stop, "graph compact");
        *out = handle.release();
        return {};
    });
}

skep_status graph_search(skep_graph* graph, const skep_matrix* queries,
                         const skep_search_request* request, const skep_search_answer* answer,
                         const skep_call* call, skep_error* error) {
    return guarded(error, [&]() -> Result<void> {
        if (graph == nullptr) return invalid("graph search: graph is NULL");
        const auto given =
            check_search(graph->graph->store(), queries, request, answer, "graph search");
        if (!given) return given.error();
        if (given->request.first_slot != 0) return invalid("graph search: first_slot must be 0");
        return result_of(
            graph->graph->search(given->queries, given->request, given->mask, given->answer, call),
            "graph search");
    });
}

skep_status graph_stats(skep_graph* graph, skep_graph_stats* out, skep_error* error) {
    return guarded(error, [&]() -> Result<void> {
        if (graph == nullptr || out == nullptr)
            return invalid("graph stats: graph and out are required");
        write_struct(out, graph->graph->stats());
        return {};
    });
}

bool is_image(const skep_graph_image* image) {
    return image != nullptr && has_size(image, SKEP_SIZE_THROUGH(skep_graph_image, upper_links));
}

skep_status graph_export(skep_graph* graph, skep_graph_image* image, skep_error* error) {
    return guarded(error, [&]() -> Result<void> {
        if (graph == nullptr || !is_image(image))
            return invalid("graph export: graph and image are required");
        skep_graph_image filled = read_struct(image);
        graph->graph->export_image(filled);
        write_struct(image, filled);
        return {};
    });
}

skep_status graph_import(skep_graph* graph, const skep_graph_image* image, skep_error* error) {
    return guarded(error, [&]() -> Result<void> {
        if (graph == nullptr || !is_image(image))
            return invalid("graph import: graph and image are required");
        graph->graph->import_image(read_struct(image));
        return {};
    });
}

}  // namespace

void add_graph_operations(skep_backend_operations& table) {
    table.opt_graph_create = graph_create;
    table.opt_graph_destroy = graph_destroy;
    table.opt_graph_reserve = graph_reserve;
    table.opt_graph_link = graph_link;
    table.opt_graph_clear = graph_clear;
    table.opt_graph_compact = graph_compact;
    table.opt_graph_search = graph_search;
    table.opt_graph_stats = graph_stats;
    table.opt_graph_export = graph_export;
    table.opt_graph_import = graph_import;
}

}  // namespace skep::cuda
