// SPDX-License-Identifier: MIT
#include "graph/graph.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <utility>

#include "graph/graph_kernels.hpp"
#include "index/flat_kernels.hpp"
#include "kernels/encode_params.h"
#include "skep/common/graph_level.hpp"
#include "skep/result.hpp"

namespace skep::cuda {
namespace {

constexpr std::uint64_t kLinkBytes = sizeof(std::uint32_t);

}  // namespace

Graph::Graph(FlatStore& store, const skep_graph_options& options)
    : store_(store),
      options_(options),
      memory_(std::make_shared<const GraphMemory>()),
      seeds_(std::make_shared<const GraphSeeds>()) {
}

Graph::Snapshot Graph::snapshot() const {
    const std::lock_guard lock(mutex_);
    return {num_linked_, memory_, seeds_};
}

GraphView Graph::view(const GraphMemory& memory) const {
    const auto links = [](const std::shared_ptr<GrowableMemory>& column) {
        return column ? device_pointer<std::uint32_t>(column->pointer()) : nullptr;
    };
    return {links(memory.base), links(memory.upper), links(memory.first_lists), degree(),
            options_.m};
}

skep_graph_stats Graph::stats() const {
    const std::lock_guard lock(mutex_);
    skep_graph_stats stats{};
    stats.struct_size = sizeof stats;
    stats.num_linked = num_linked_;
    stats.num_links = num_links_;
    std::uint64_t num_lists = 0;
    for (std::size_t above = 0; above < levels_.members.size(); ++above) {
        const std::vector<std::uint32_t>& members = levels_.members[above];
        const auto end = std::lower_bound(members.begin(), members.end(), num_linked_);
        if (end != members.begin()) stats.max_level = static_cast<std::uint32_t>(above) + 1;
        num_lists += static_cast<std::uint64_t>(end - members.begin());
    }
    stats.used_bytes = (num_linked_ * (degree() + 1) + num_lists * options_.m) * kLinkBytes;
    for (const auto& column : {memory_->base, memory_->upper, memory_->first_lists})
        stats.reserved_bytes += column ? column->mapped_bytes() : 0;
    return stats;
}

void Graph::add_level(std::uint32_t level) {
    const auto slot = static_cast<std::uint32_t>(levels_.of_slots.size());
    levels_.of_slots.push_back(static_cast<std::uint8_t>(level));
    levels_.first_lists.push_back(static_cast<std::uint32_t>(levels_.num_lists));
    if (levels_.members.size() < level) levels_.members.resize(level);
    for (std::size_t above = 0; above < level; ++above)
        levels_.members[above].push_back(slot);
    levels_.num_lists += level;
}

std::uint32_t Graph::draw_level_of(std::uint64_t slot) const {
    return draw_level(options_.seed, slot, options_.m);
}

std::shared_ptr<const GraphSeeds> Graph::make_seeds(std::uint64_t num_linked, Lane& lane) const {
    auto seeds = std::make_shared<GraphSeeds>();
    std::vector<std::uint32_t>& slots = seeds->slots;
    const auto take_first_slots = [&] {
        slots.resize(std::min<std::uint64_t>(num_linked, kMaxGraphSeeds));
        std::iota(slots.begin(), slots.end(), 0U);
    };
    {
        const std::lock_guard lock(mutex_);
        take_first_slots();
        for (const std::vector<std::uint32_t>& members : levels_.members) {
            if (num_linked <= kMaxGraphSeeds) break;
            const auto end = std::lower_bound(members.begin(), members.end(), num_linked);
            // Where a level has too many and the next has none, those that came first will do.
            if (end == members.begin()) break;
            ++seeds->level;
            slots.assign(
                members.begin(),
                std::min(end, members.begin() +
                                  std::min<std::ptrdiff_t>(kMaxGraphSeeds, end - members.begin())));
            if (end - members.begin() <= static_cast<std::ptrdiff_t>(kMaxGraphSeeds)) break;
        }
        if (slots == seeds_->slots) return seeds_;
    }
    const std::uint64_t bytes = slots.size() * sizeof(std::uint32_t);
    seeds->on_device = DeviceBuffer(store_.device()->context(), bytes, "graph link");
    std::byte* pinned = lane.pinned(bytes);
    std::memcpy(pinned, slots.data(), bytes);
    lane.copy_to_device(seeds->on_device.pointer(), pinned, bytes);
    lane.wait(nullptr);
    return seeds;
}

void Graph::make_room(std::uint64_t num_slots, const char* operation) {
    if (num_slots > kMaxGraphSlots) {
        throw Error(SKEP_LIMIT_EXCEEDED,
                    fmt::format("{}: {} rows exceed the limit of {} for graphs on this device",
                                operation, num_slots, kMaxGraphSlots),
                    SKEP_LAYER_BACKEND);
    }
    // Levels of slots to come are known: they depend on nothing but their numbers.
    std::uint64_t num_lists = levels_.num_lists;
    for (std::uint64_t slot = levels_.of_slots.size(); slot < num_slots; ++slot)
        num_lists += draw_level_of(slot);
    auto grown = std::make_shared<GraphMemory>(*snapshot().memory);
    const DeviceFacts& facts = store_.device()->facts();
    const auto grow = [&](std::shared_ptr<GrowableMemory>& column, std::uint64_t bytes) {
        if (column && column->mapped_bytes() >= bytes) return;
        if (column && column->can_hold(bytes)) {
            column->grow(bytes, operation);
            return;
        }
        // Moves where it cannot grow: half as much again, so that linking row by row stays linear.
        const std::uint64_t used = column ? column->mapped_bytes() : 0;
        const std::uint64_t wished = facts.has_virtual_memory ? bytes : bytes + bytes / 2;
        auto moved = std::make_shared<GrowableMemory>(store_.device()->context(),
                                                      std::max(facts.total_bytes, 2 * wished),
                                                      facts.has_virtual_memory);
        moved->grow(std::max(wished, kLinkBytes), operation);
        if (used != 0) {
            const LanePool::Lease lane = store_.device()->lanes().acquire();
            lane->copy_on_device(moved->pointer(), column->pointer(), used);
            lane->wait(nullptr);
        }
        column = std::move(moved);
    };
    grow(grown->base, num_slots * degree() * kLinkBytes);
    grow(grown->first_lists, num_slots * kLinkBytes);
    grow(grown->upper, num_lists * options_.m * kLinkBytes);
    const std::lock_guard lock(mutex_);
    memory_ = std::move(grown);
}

void Graph::reserve(std::uint64_t num_slots) {
    const ScopedContext scope(*store_.device()->context(), "graph reserve");
    make_room(num_slots, "graph reserve");
}

void Graph::clear() noexcept {
    const auto empty = std::make_shared<const GraphSeeds>();
    const std::lock_guard lock(mutex_);
    seeds_ = empty;
    levels_ = Levels();
    num_linked_ = 0;
    num_links_ = 0;
    num_checked_ = 0;
    walks_find_ = true;
}

void Graph::publish(std::uint64_t num_linked, std::uint64_t num_links,
                    std::shared_ptr<const GraphSeeds> seeds) {
    const std::lock_guard lock(mutex_);
    num_linked_ = num_linked;
    num_links_ = num_links;
    seeds_ = std::move(seeds);
}

std::unique_ptr<Graph> Graph::compacted(std::uint64_t num_slots, const Mask* mask,
                                        const skep_call* call, skep_status& stop) const {
    const ScopedContext scope(*store_.device()->context(), "graph compact");
    const Snapshot before = snapshot();
    std::vector<std::uint32_t> kept;
    for (std::uint64_t slot = 0; slot < std::min(num_slots, before.num_linked); ++slot) {
        if (mask == nullptr || !mask->is_erased(slot)) {
            kept.push_back(static_cast<std::uint32_t>(slot));
        }
    }
    auto graph = std::make_unique<Graph>(store_, options_);
    stop = SKEP_OK;
    if (kept.empty()) return graph;
    // A copy of what linking reads of the rows that stay.
    const FlatStore::Snapshot rows = store_.snapshot();
    const std::shared_ptr<Device>& device = store_.device();
    const auto make = [&](std::uint64_t bytes) {
        return DeviceBuffer(device->context(), bytes, "graph compact");
    };
    const std::uint64_t code_stride = rows.view.code_stride;
    const DeviceBuffer slots = make(kept.size() * sizeof(std::uint32_t));
    const DeviceBuffer codes = make(kept.size() * code_stride);
    const DeviceBuffer bounds = make(kept.size() * sizeof(RowBounds));
    {
        const LanePool::Lease lane = device->lanes().acquire();
        std::byte* pinned = lane->pinned(kept.size() * sizeof(std::uint32_t));
        std::memcpy(pinned, kept.data(), kept.size() * sizeof(std::uint32_t));
        lane->copy_to_device(slots.pointer(), pinned, kept.size() * sizeof(std::uint32_t));
        const auto gather = [&](const void* source, CUdeviceptr target, std::uint64_t row_bytes) {
            GatherParams params{};
            params.source = static_cast<const std::uint32_t*>(source);
            params.target = device_pointer<std::uint32_t>(target);
            params.slots = device_pointer<const std::uint32_t>(slots.pointer());
            params.num_rows = kept.size();
            params.row_words = row_bytes / sizeof(std::uint32_t);
            lane->launch(device->modules().function(kernels::kGatherRows),
                         4 * device->facts().num_multiprocessors, 1, kGatherThreads, 0, params,
                         kernels::kGatherRows);
        };
        gather(rows.view.codes, codes.pointer(), code_stride);
        gather(rows.view.bounds, bounds.pointer(), sizeof(RowBounds));
        stop = lane->wait(call);
    }
    RowsView view = rows.view;
    view.rows = nullptr;
    view.codes = device_pointer<const std::uint8_t>(codes.pointer());
    view.half_norms = nullptr;
    view.bounds = device_pointer<const RowBounds>(bounds.pointer());
    if (stop == SKEP_OK) stop = graph->link_rows(view, rows.codes_are, kept.size(), call);
    if (stop != SKEP_OK) return nullptr;
    return graph;
}

}  // namespace skep::cuda
