// SPDX-License-Identifier: MIT
// Graphs as skep_graph_image: out of device memory, and back in with every statement checked.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "graph/graph.hpp"
#include "skep/common/graph_image.hpp"
#include "skep/result.hpp"

namespace skep::cuda {
namespace {

// Links that go through pinned memory at a time.
constexpr std::uint64_t kStagedLinks = 1ULL << 20;

std::vector<std::uint32_t> read_links(Lane& lane, CUdeviceptr source, std::uint64_t count) {
    std::vector<std::uint32_t> links(count);
    for (std::uint64_t first = 0; first < count; first += kStagedLinks) {
        const std::uint64_t bytes = std::min(kStagedLinks, count - first) * sizeof(std::uint32_t);
        std::byte* pinned = lane.pinned(bytes);
        lane.copy_to_host(pinned, source + first * sizeof(std::uint32_t), bytes);
        lane.wait(nullptr);
        std::memcpy(links.data() + first, pinned, bytes);
    }
    return links;
}

void write_links(Lane& lane, CUdeviceptr target, const std::uint32_t* links, std::uint64_t count) {
    for (std::uint64_t first = 0; first < count; first += kStagedLinks) {
        const std::uint64_t bytes = std::min(kStagedLinks, count - first) * sizeof(std::uint32_t);
        std::byte* pinned = lane.pinned(bytes);
        std::memcpy(pinned, links + first, bytes);
        lane.copy_to_device(target + first * sizeof(std::uint32_t), pinned, bytes);
        lane.wait(nullptr);
    }
}

}  // namespace

void Graph::export_image(skep_graph_image& image) const {
    const Snapshot now = snapshot();
    image.m = options_.m;
    image.degree = degree();
    image.num_slots = std::min(image.num_slots, now.num_linked);
    image.max_level = 0;
    image.entry_slot = image.num_slots == 0 ? SKEP_NO_SLOT : 0;
    std::uint64_t num_lists = 0;
    std::vector<std::uint8_t> levels;
    {
        const std::lock_guard lock(mutex_);
        levels.assign(levels_.of_slots.begin(),
                      levels_.of_slots.begin() + static_cast<std::ptrdiff_t>(image.num_slots));
    }
    for (std::uint64_t slot = 0; slot < image.num_slots; ++slot) {
        num_lists += levels[slot];
        if (levels[slot] <= image.max_level) continue;
        image.max_level = levels[slot];
        image.entry_slot = static_cast<std::uint32_t>(slot);
    }
    image.num_upper_links = num_lists * options_.m;
    if (image.base == nullptr || image.levels == nullptr || image.num_slots == 0) return;

    const ScopedContext scope(*store_.device()->context(), "graph export");
    const LanePool::Lease lane = store_.device()->lanes().acquire();
    const auto base =
        read_links(*lane, now.memory->base->pointer(), image.num_slots * image.degree);
    // Lists of the upper layers lie in the order of the image.
    const auto upper = read_links(*lane, now.memory->upper->pointer(), image.num_upper_links);
    std::memcpy(image.levels, levels.data(), levels.size());
    for (std::uint64_t slot = 0; slot < image.num_slots; ++slot) {
        copy_graph_list({base.data() + slot * image.degree, image.degree}, image.num_slots,
                        image.base + slot * image.degree);
    }
    for (std::uint64_t first = 0; first < upper.size(); first += image.m) {
        copy_graph_list({upper.data() + first, image.m}, image.num_slots,
                        image.upper_links + first);
    }
}

void Graph::import_image(const skep_graph_image& image) {
    const auto refuse = [](const std::string& text) {
        throw Error(SKEP_INVALID_ARGUMENT, "graph import: " + text, SKEP_LAYER_BACKEND);
    };
    if (snapshot().num_linked != 0) refuse("the graph is not empty");
    if (const auto fault = find_fault(image, options_.m, store_.num_slots())) refuse(*fault);
    if (image.num_slots == 0) return;
    if (store_.encode_all(nullptr) != SKEP_OK) refuse("stopped");

    const ScopedContext scope(*store_.device()->context(), "graph import");
    std::uint64_t num_links = 0;
    for_each_list(image, [&](std::uint64_t, std::uint32_t, const GraphImageList& list) {
        num_links += list.links().size();
    });
    {
        const std::lock_guard lock(mutex_);
        levels_ = Levels();
        for (std::uint64_t slot = 0; slot < image.num_slots; ++slot)
            add_level(image.levels[slot]);
    }
    make_room(image.num_slots, "graph import");
    const Snapshot now = snapshot();
    {
        const LanePool::Lease lane = store_.device()->lanes().acquire();
        write_links(*lane, now.memory->base->pointer(), image.base, image.num_slots * image.degree);
        write_links(*lane, now.memory->upper->pointer(), image.upper_links, image.num_upper_links);
        write_links(*lane, now.memory->first_lists->pointer(), levels_.first_lists.data(),
                    image.num_slots);
        publish(image.num_slots, num_links, make_seeds(image.num_slots, *lane));
    }
    check_walks();
}

}  // namespace skep::cuda
