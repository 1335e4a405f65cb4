// SPDX-License-Identifier: MIT
// The graph of a collection: rows are visible before they are linked, and found by an exact scan
// until they are (docs/adr/0006).
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "collection/collection.hpp"
#include "io/graph_contents.hpp"

namespace skep {

Result<std::unique_ptr<Graph>> Collection::make_graph(const Store& store) const {
    if (info_.index != SKEP_INDEX_HNSW) return std::unique_ptr<Graph>();
    skep_graph_options options{};
    options.struct_size = sizeof options;
    options.m = info_.m;
    options.ef_construction = info_.ef_construction;
    options.seed = info_.seed;
    return Graph::create(device_, store, options);
}

std::uint64_t Collection::num_linked(const Snapshot& snapshot) const {
    if (!graph_) return 0;
    const Result<skep_graph_stats> stats = graph_->stats();
    return stats ? std::min(stats->num_linked, snapshot.num_slots) : 0;
}

Result<void> Collection::reserve_links(std::uint64_t num_slots) {
    return graph_ ? graph_->reserve(num_slots) : Result<void>();
}

Result<void> Collection::link_rows(const skep_call* call) {
    return graph_ ? graph_->link(publication_.read()->num_slots, call) : Result<void>();
}

void Collection::link_published_rows(const char* operation, const skep_call* call) {
    const Result<void> linked = link_rows(call);
    if (linked) return;
    // A caller who stops the call or gives it a deadline expects that.
    const skep_status status = linked.error().status();
    const bool is_stopped = status == SKEP_CANCELLED || status == SKEP_DEADLINE_EXCEEDED;
    const std::int32_t level = is_stopped ? SKEP_LOG_INFO : SKEP_LOG_WARNING;
    if (host().log_enabled(host().context, level) == 0) return;
    const SnapshotRef snapshot = publication_.read();
    host().log(
        host().context, level, "collection",
        fmt::format("{}: linking ended early: {}; {} of {} rows are linked, the others are "
                    "scanned until the next write or compaction links them",
                    operation, linked.error().message(), num_linked(*snapshot), snapshot->num_slots)
            .c_str());
}

Result<GraphArrays> Collection::graph_arrays(const Snapshot& snapshot,
                                             const skep_call* call) const {
    GraphArrays arrays;
    if (!graph_ || !device_->has_capability(SKEP_CAPABILITY_GRAPH_TRANSFER)) return arrays;
    const Graph* source = graph_.get();
    std::unique_ptr<Graph> compacted;
    skep_graph_image image{};
    image.struct_size = sizeof image;
    image.num_slots = snapshot.num_slots;
    if (snapshot.num_rows != snapshot.num_slots) {
        // The file numbers the rows that are alive.
        Result<std::unique_ptr<Graph>> made =
            graph_->compacted(snapshot.num_slots, snapshot.mask.get(), call);
        if (!made) return made.error();
        compacted = std::move(*made);
        source = compacted.get();
    }
    Result<void> exported = source->export_image(image);  // the sizes
    if (!exported) return exported.error();
    arrays.hold(image);
    exported = source->export_image(image);
    if (!exported) return exported.error();
    return arrays;
}

// A file's graph if there is one and the device takes it; what is not linked then, is.
Result<void> Collection::load_graph(const GraphContents& graph, const skep_call* call) {
    if (!graph_) return {};
    if (graph.is_there() && device_->has_capability(SKEP_CAPABILITY_GRAPH_TRANSFER)) {
        Result<void> imported = graph_->import_image(graph.image(info_.m));
        if (!imported) return Error(SKEP_FILE_CORRUPT, imported.error().message(), SKEP_LAYER_CORE);
    }
    return link_rows(call);
}

}  // namespace skep
