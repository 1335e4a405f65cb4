// SPDX-License-Identifier: MIT
// A neighbour graph over the rows of a store, as an owning C++ handle. The caller keeps the thread
// rules of backend.h, and the store alive.
#pragma once

#include <skep/backend.h>

#include <cstdint>
#include <memory>

#include "bridge/store.hpp"
#include "skep/result.hpp"

namespace skep {

class Graph {
  public:
    static Result<std::unique_ptr<Graph>> create(std::shared_ptr<Device> device, const Store& store,
                                                 const skep_graph_options& options);
    ~Graph();
    Graph(const Graph&) = delete;
    Graph& operator=(const Graph&) = delete;

    Result<void> reserve(std::uint64_t num_slots);
    // May have linked some slots when it fails.
    Result<void> link(std::uint64_t num_slots, const skep_call* call);
    void clear() noexcept;
    // The graph of the rows that `mask` (may be null) keeps; see backend.h.
    Result<std::unique_ptr<Graph>> compacted(std::uint64_t num_slots, const Mask* mask,
                                             const skep_call* call) const;
    Result<void> search(const skep_matrix& queries, const skep_search_request& request,
                        const skep_search_answer& answer, const skep_call* call) const;
    Result<skep_graph_stats> stats() const;
    Result<void> export_image(skep_graph_image& image) const;
    Result<void> import_image(const skep_graph_image& image);

  private:
    explicit Graph(std::shared_ptr<Device> device) : device_(std::move(device)) {}

    std::shared_ptr<Device> device_;
    skep_graph* handle_ = nullptr;
};

}  // namespace skep
