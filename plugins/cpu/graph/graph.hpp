// SPDX-License-Identifier: MIT
// A neighbour graph over the rows of a store: hierarchical, navigable, of fixed degree.
//
// Threads: as backend.h says. Searches read num_linked and the entry point, and load links one by
// one; the writer publishes a batch of slots by storing both after their links. What a search meets
// beyond the slots that it was asked for is rows that were appended before they were linked.
#pragma once

#include <skep/backend.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "graph/code_trust.hpp"
#include "graph/link_store.hpp"
#include "graph/selection.hpp"
#include "graph/traversal.hpp"
#include "rows/mask.hpp"
#include "rows/row_store.hpp"
#include "search/top_k.hpp"

namespace skep::cpu {

// A slot of the highest level.
struct EntryPoint {
    std::uint32_t slot = SKEP_NO_SLOT;
    std::uint32_t level = 0;

    [[nodiscard]] bool is_there() const { return slot != SKEP_NO_SLOT; }
};

class Graph {
  public:
    Graph(const RowStore& store, const skep_graph_options& options)
        : store_(store), options_(options), links_(store.backend().host(), options.m) {}
    Graph(const Graph&) = delete;
    Graph& operator=(const Graph&) = delete;

    [[nodiscard]] const RowStore& store() const { return store_; }
    [[nodiscard]] const skep_graph_options& options() const { return options_; }
    [[nodiscard]] const LinkStore& links() const { return links_; }
    [[nodiscard]] std::uint64_t num_linked() const {
        return num_linked_.load(std::memory_order_acquire);
    }
    [[nodiscard]] EntryPoint entry() const {
        return unpack(entry_.load(std::memory_order_acquire));
    }
    // Whether codes tell neighbours apart: see code_trust.hpp.
    [[nodiscard]] bool uses_codes() const { return uses_codes_.load(std::memory_order_relaxed); }
    // Slots that there are in the store.
    [[nodiscard]] std::shared_ptr<const Seeds> seeds() const;
    [[nodiscard]] skep_graph_stats stats() const;

    // --- the writer ---

    void reserve(std::uint64_t num_slots);
    // build.cpp
    void link(std::uint64_t num_slots, const skep_call* call);
    void clear() noexcept;
    // compact.cpp
    [[nodiscard]] std::unique_ptr<Graph> compacted(std::uint64_t num_slots, const Mask* mask,
                                                   const skep_call* call) const;
    // image.cpp
    void export_image(skep_graph_image& image) const;
    void import_image(const skep_graph_image& image);

    // --- scratch memory ---

    // What one thread needs; taken for a task, kept for the next one.
    struct Workspace {
        explicit Workspace(const Graph& graph) : traversal(graph.store_, graph.links_) {}

        Traversal traversal;
        Selection selection;
        HostArray<Neighbour> candidates;
        HostArray<std::uint32_t> slots;
        HostArray<std::uint32_t> bypassed;
        HostArray<float> distances;
        std::uint64_t num_candidates = 0;
        HostArray<Candidate> refined;
    };
    class Lease {
      public:
        // Throws Error or std::bad_alloc.
        explicit Lease(const Graph& graph);
        ~Lease();
        Lease(const Lease&) = delete;
        Lease& operator=(const Lease&) = delete;
        Workspace* operator->() const { return workspace_.get(); }
        Workspace& operator*() const { return *workspace_; }

      private:
        const Graph& graph_;
        std::unique_ptr<Workspace> workspace_;
    };

  private:
    friend class Linking;
    friend class Compaction;

    static EntryPoint unpack(std::uint64_t bits) {
        return {static_cast<std::uint32_t>(bits), static_cast<std::uint32_t>(bits >> 32U)};
    }
    static std::uint64_t pack(const EntryPoint& entry) {
        return std::uint64_t{entry.level} << 32U | entry.slot;
    }
    void publish(std::uint64_t num_linked, std::uint64_t num_blocks, const EntryPoint& entry,
                 std::shared_ptr<const Seeds> seeds);

    const RowStore& store_;
    skep_graph_options options_;
    LinkStore links_;
    std::atomic<std::uint64_t> num_linked_{0};
    std::atomic<std::uint64_t> num_blocks_{0};  // lists above the base layer
    std::atomic<std::uint64_t> entry_{pack(EntryPoint{})};
    std::atomic<std::uint64_t> num_links_{0};
    std::atomic<bool> uses_codes_{true};
    CodeTrust trust_;  // the writer's

    mutable std::mutex seeds_mutex_;  // guards the pointer
    const std::shared_ptr<const Seeds> no_seeds_ = std::make_shared<const Seeds>();
    std::shared_ptr<const Seeds> seeds_ = no_seeds_;

    mutable std::mutex workspaces_mutex_;  // guards the list
    mutable std::vector<std::unique_ptr<Workspace>> workspaces_;
};

}  // namespace skep::cpu
