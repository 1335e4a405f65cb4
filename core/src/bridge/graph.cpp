// SPDX-License-Identifier: MIT
#include "bridge/graph.hpp"

#include <cstdint>

#include "bridge/call_operation.hpp"
#include "bridge/device.hpp"

namespace skep {

Result<std::unique_ptr<Graph>> Graph::create(std::shared_ptr<Device> device, const Store& store,
                                             const skep_graph_options& options) {
    std::unique_ptr<Graph> graph(new Graph(std::move(device)));
    const Result<void> created =
        call_operation("graph create", graph->device_->operations().opt_graph_create,
                       store.handle(), &options, &graph->handle_);
    if (!created) return created.error();
    return graph;
}

Graph::~Graph() {
    if (handle_ != nullptr) device_->operations().opt_graph_destroy(handle_);
}

Result<void> Graph::reserve(std::uint64_t num_slots) {
    return call_operation("graph reserve", device_->operations().opt_graph_reserve, handle_,
                          num_slots);
}

Result<void> Graph::link(std::uint64_t num_slots, const skep_call* call) {
    return call_operation("graph link", device_->operations().opt_graph_link, handle_, num_slots,
                          call);
}

void Graph::clear() noexcept {
    device_->operations().opt_graph_clear(handle_);
}

Result<std::unique_ptr<Graph>> Graph::compacted(std::uint64_t num_slots, const Mask* mask,
                                                const skep_call* call) const {
    std::unique_ptr<Graph> graph(new Graph(device_));
    const Result<void> made =
        call_operation("graph compact", device_->operations().opt_graph_compact, handle_, num_slots,
                       mask == nullptr ? nullptr : mask->handle(), call, &graph->handle_);
    if (!made) return made.error();
    return graph;
}

Result<void> Graph::search(const skep_matrix& queries, const skep_search_request& request,
                           const skep_search_answer& answer, const skep_call* call) const {
    return call_operation("graph search", device_->operations().opt_graph_search, handle_, &queries,
                          &request, &answer, call);
}

Result<skep_graph_stats> Graph::stats() const {
    skep_graph_stats stats{};
    stats.struct_size = sizeof stats;
    const Result<void> read =
        call_operation("graph stats", device_->operations().opt_graph_stats, handle_, &stats);
    if (!read) return read.error();
    return stats;
}

Result<void> Graph::export_image(skep_graph_image& image) const {
    return call_operation("graph export", device_->operations().opt_graph_export, handle_, &image);
}

Result<void> Graph::import_image(const skep_graph_image& image) {
    return call_operation("graph import", device_->operations().opt_graph_import, handle_, &image);
}

}  // namespace skep
