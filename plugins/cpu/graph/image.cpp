// SPDX-License-Identifier: MIT
// Graphs as skep_graph_image: out of the lists, and back in with every statement checked.
#include <algorithm>
#include <cstdint>

#include "argument_checks.hpp"
#include "graph/graph.hpp"
#include "skep/common/graph_image.hpp"

namespace skep::cpu {
namespace {

// A list as it is now.
std::span<const std::uint32_t> read_list(const LinkList& list, std::vector<std::uint32_t>& links) {
    links.resize(list.capacity());
    for (std::uint32_t i = 0; i < list.capacity(); ++i)
        links[i] = list.load(i);
    return links;
}

[[noreturn]] void refuse(const std::string& text) {
    fail(SKEP_INVALID_ARGUMENT, "graph import: " + text);
}

}  // namespace

void Graph::export_image(skep_graph_image& image) const {
    const EntryPoint entry = this->entry();
    const std::uint64_t num_linked = this->num_linked();
    image.m = options_.m;
    image.degree = links_.degree();
    image.num_slots = std::min(image.num_slots, num_linked);
    image.max_level = 0;
    image.entry_slot = image.num_slots == 0 ? SKEP_NO_SLOT : 0;
    std::uint64_t num_lists = 0;
    for (std::uint64_t slot = 0; slot < image.num_slots; ++slot) {
        const std::uint32_t level = links_.level(slot);
        num_lists += level;
        if (level <= image.max_level) continue;
        image.max_level = level;
        image.entry_slot = static_cast<std::uint32_t>(slot);
    }
    // Of several highest ones, the one in use.
    if (entry.slot < image.num_slots && entry.level == image.max_level)
        image.entry_slot = entry.slot;
    image.num_upper_links = num_lists * options_.m;
    if (image.base == nullptr || image.levels == nullptr) return;
    std::uint32_t* upper = image.upper_links;
    std::vector<std::uint32_t> links;
    for (std::uint64_t slot = 0; slot < image.num_slots; ++slot) {
        const std::uint32_t level = links_.level(slot);
        image.levels[slot] = static_cast<std::uint8_t>(level);
        copy_graph_list(read_list(links_.list(slot, 0), links), image.num_slots,
                        image.base + slot * image.degree);
        for (std::uint32_t l = 1; l <= level; ++l, upper += options_.m)
            copy_graph_list(read_list(links_.list(slot, l), links), image.num_slots, upper);
    }
}

void Graph::import_image(const skep_graph_image& image) {
    if (num_linked() != 0) refuse("the graph is not empty");
    if (const auto fault = find_fault(image, options_.m, store_.num_slots())) refuse(*fault);
    if (image.num_slots == 0) return;
    const std::uint64_t num_lists = image.num_upper_links / options_.m;
    links_.reserve(image.num_slots, num_lists, "graph import");
    std::uint64_t num_blocks = 0;
    std::uint64_t num_links = 0;
    for_each_list(image, [&](std::uint64_t slot, std::uint32_t level, const GraphImageList& list) {
        if (level == 0) {
            links_.start(slot, image.levels[slot], num_blocks);
            num_blocks += image.levels[slot];
        }
        links_.list(slot, level).assign(list.links());
        num_links += list.links().size();
    });
    const auto seeds = Seeds().with(0, image.num_slots, links_);
    Lease workspace(*this);
    workspace->traversal.begin(image.num_slots, true, "graph import");
    RowScorer& scorer = workspace->traversal.scorer();
    scorer.reserve_row();
    CodeTrust trust;
    const std::uint64_t step = std::max<std::uint64_t>(1, image.num_slots / CodeTrust::kEnough);
    for (std::uint64_t slot = 0; slot < image.num_slots; slot += step)
        trust.measure(scorer, static_cast<std::uint32_t>(slot), links_.list(slot, 0));
    uses_codes_.store(!trust.codes_mislead(), std::memory_order_relaxed);
    num_links_.store(num_links, std::memory_order_relaxed);
    publish(image.num_slots, num_blocks, {image.entry_slot, image.max_level}, seeds);
}

}  // namespace skep::cpu
