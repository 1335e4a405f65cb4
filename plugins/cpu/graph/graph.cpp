// SPDX-License-Identifier: MIT
#include "graph/graph.hpp"

#include <fmt/format.h>

#include <cstdint>

#include "argument_checks.hpp"

namespace skep::cpu {

Graph::Lease::Lease(const Graph& graph) : graph_(graph) {
    {
        const std::lock_guard<std::mutex> lock(graph.workspaces_mutex_);
        if (!graph.workspaces_.empty()) {
            workspace_ = std::move(graph.workspaces_.back());
            graph.workspaces_.pop_back();
            return;
        }
        // Where it comes back to; nothing can fail then.
        graph.workspaces_.reserve(graph.workspaces_.size() + graph.workspaces_.capacity() + 1);
    }
    workspace_ = std::make_unique<Workspace>(graph);
}

Graph::Lease::~Lease() {
    if (!workspace_) return;
    workspace_->traversal.end();
    const std::lock_guard<std::mutex> lock(graph_.workspaces_mutex_);
    if (graph_.workspaces_.size() == graph_.workspaces_.capacity()) return;
    graph_.workspaces_.push_back(std::move(workspace_));
}

skep_graph_stats Graph::stats() const {
    skep_graph_stats stats{};
    stats.struct_size = sizeof stats;
    stats.num_linked = num_linked();
    stats.max_level = entry().level;
    stats.num_links = num_links_.load(std::memory_order_relaxed);
    stats.used_bytes =
        links_.used_bytes(stats.num_linked, num_blocks_.load(std::memory_order_relaxed));
    stats.reserved_bytes = links_.reserved_bytes();
    return stats;
}

void Graph::reserve(std::uint64_t num_slots) {
    if (num_slots > SKEP_MAX_ROWS) {
        fail(SKEP_LIMIT_EXCEEDED, fmt::format("graph reserve: {} slots; a store holds at most {}",
                                              num_slots, SKEP_MAX_ROWS));
    }
    // On average 1 / (m - 1) lists per slot lie above the base layer.
    links_.reserve(num_slots, num_slots / (options_.m - 1), "graph reserve");
}

void Graph::clear() noexcept {
    publish(0, 0, EntryPoint{}, no_seeds_);
    num_links_.store(0, std::memory_order_relaxed);
    uses_codes_.store(true, std::memory_order_relaxed);
    trust_ = CodeTrust();
}

std::shared_ptr<const Seeds> Graph::seeds() const {
    const std::lock_guard<std::mutex> lock(seeds_mutex_);
    return seeds_;
}

void Graph::publish(std::uint64_t num_linked, std::uint64_t num_blocks, const EntryPoint& entry,
                    std::shared_ptr<const Seeds> seeds) {
    {
        // The earlier ones go after the lock.
        const std::lock_guard<std::mutex> lock(seeds_mutex_);
        seeds_.swap(seeds);
    }
    num_blocks_.store(num_blocks, std::memory_order_relaxed);
    entry_.store(pack(entry), std::memory_order_release);
    num_linked_.store(num_linked, std::memory_order_release);
}

}  // namespace skep::cpu
