// SPDX-License-Identifier: MIT
// A hierarchical neighbour graph over the rows of a store, built and searched on the GPU: links in
// device memory, levels in host memory (docs/graph-search.md, docs/adr/0006).
//
// Threads: as backend.h says. A search takes a snapshot; the writer grows the links' memory before
// it writes there, and publishes a batch after its links.
#pragma once

#include <skep/backend.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "driver/growable_memory.hpp"
#include "index/flat_store.hpp"
#include "index/mask.hpp"
#include "kernels/graph_params.h"

namespace skep::cuda {

// Memory of the links; replaced as a whole when one of them moves.
struct GraphMemory {
    std::shared_ptr<GrowableMemory> base;
    std::shared_ptr<GrowableMemory> upper;
    std::shared_ptr<GrowableMemory> first_lists;
};

// Where walks begin: all slots of the lowest level that has few of them.
struct GraphSeeds {
    std::uint32_t level = 0;
    std::vector<std::uint32_t> slots;  // ascending
    DeviceBuffer on_device;
};

class Graph {
  public:
    // The store outlives the graph. Throws.
    Graph(FlatStore& store, const skep_graph_options& options);
    Graph(const Graph&) = delete;
    Graph& operator=(const Graph&) = delete;

    [[nodiscard]] const FlatStore& store() const { return store_; }
    [[nodiscard]] const skep_graph_options& options() const { return options_; }
    [[nodiscard]] std::uint32_t degree() const { return 2 * options_.m; }
    [[nodiscard]] skep_graph_stats stats() const;

    // What a search goes by.
    struct Snapshot {
        std::uint64_t num_linked = 0;
        std::shared_ptr<const GraphMemory> memory;
        std::shared_ptr<const GraphSeeds> seeds;
    };
    [[nodiscard]] Snapshot snapshot() const;
    [[nodiscard]] GraphView view(const GraphMemory& memory) const;

    // --- the writer; each throws, those with a status return what stopped them ---

    void reserve(std::uint64_t num_slots);
    skep_status link(std::uint64_t num_slots, const skep_call* call);  // graph_link.cpp
    void clear() noexcept;
    // A graph of the rows that mask keeps below num_slots, linked anew; null when stopped.
    std::unique_ptr<Graph> compacted(std::uint64_t num_slots, const Mask* mask,
                                     const skep_call* call, skep_status& stop) const;

    // graph_image.cpp
    void export_image(skep_graph_image& image) const;
    void import_image(const skep_graph_image& image);

    // graph_search.cpp
    skep_status search(const skep_matrix& queries, const skep_search_request& request,
                       const Mask* mask, const skep_search_answer& answer,
                       const skep_call* call) const;

  private:
    friend class GraphLinking;

    // Levels of all slots that there are, and the slots of each level above the base layer.
    struct Levels {
        std::vector<std::uint8_t> of_slots;
        std::vector<std::uint32_t> first_lists;           // of slots, among those above the base
        std::vector<std::vector<std::uint32_t>> members;  // [level - 1], ascending
        std::uint64_t num_lists = 0;
    };
    void add_level(std::uint32_t level);
    [[nodiscard]] std::uint32_t draw_level_of(std::uint64_t slot) const;
    // Seeds of a graph of so many slots, on the device.
    [[nodiscard]] std::shared_ptr<const GraphSeeds> make_seeds(std::uint64_t num_linked,
                                                               Lane& lane) const;
    // Room for the links of num_slots slots. The context is current.
    void make_room(std::uint64_t num_slots, const char* operation);
    void publish(std::uint64_t num_linked, std::uint64_t num_links,
                 std::shared_ptr<const GraphSeeds> seeds);
    // Whether walks find what they should: codes may lie too close together to tell neighbours
    // apart. Asked of a sample of the rows each time that the graph has doubled; if walks miss too
    // many, searches are exact from then on.
    void check_walks();
    // Links the rows of a view, which are those of the store or will be.
    skep_status link_rows(const RowsView& rows, std::int32_t codes_are, std::uint64_t num_slots,
                          const skep_call* call);

    FlatStore& store_;
    skep_graph_options options_;

    mutable std::mutex mutex_;  // guards all below; the writer alone changes it
    std::shared_ptr<const GraphMemory> memory_;
    std::shared_ptr<const GraphSeeds> seeds_;
    // Of linked slots, and of some that follow: a batch that failed leaves them, and they would be
    // drawn alike.
    Levels levels_;
    std::uint64_t num_linked_ = 0;
    std::uint64_t num_links_ = 0;

    std::uint64_t num_checked_ = 0;  // slots at the last check of walks; the writer's
    std::atomic<bool> walks_find_{true};
};

}  // namespace skep::cuda
