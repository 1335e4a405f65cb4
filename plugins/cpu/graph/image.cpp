// SPDX-License-Identifier: MIT
// Graphs as skep_graph_image: out of the lists, and back in with every statement checked.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "argument_checks.hpp"
#include "graph/graph.hpp"

namespace skep::cpu {
namespace {

// Copies a list without links to slots past the end and, since a writer may be at it, without
// repetitions.
void copy_list(const LinkList& list, std::uint64_t num_slots, std::uint32_t* out) {
    std::uint32_t count = 0;
    for (std::uint32_t i = 0; i < list.capacity(); ++i) {
        const std::uint32_t link = list.load(i);
        if (link == SKEP_NO_SLOT) break;
        if (link >= num_slots || std::find(out, out + count, link) != out + count) continue;
        out[count] = link;
        ++count;
    }
    std::fill(out + count, out + list.capacity(), SKEP_NO_SLOT);
}

// Reads one padded list of an image.
class ImportedList {
  public:
    ImportedList(const std::uint32_t* links, std::uint32_t capacity)
        : links_(links),
          size_(
              static_cast<std::uint32_t>(std::find(links, links + capacity, SKEP_NO_SLOT) - links)),
          is_padded_(std::all_of(links + size_, links + capacity,
                                 [](std::uint32_t link) { return link == SKEP_NO_SLOT; })) {}

    [[nodiscard]] std::span<const std::uint32_t> links() const { return {links_, size_}; }
    [[nodiscard]] bool is_padded() const { return is_padded_; }

  private:
    const std::uint32_t* links_;
    std::uint32_t size_;
    bool is_padded_;
};

// The lists of an image, slot by slot.
class ImageLists {
  public:
    explicit ImageLists(const skep_graph_image& image) : image_(image) {}

    // visit(slot, level, list) for every list in order.
    template <typename Visit>
    void visit_all(Visit&& visit) const {
        const std::uint32_t* upper = image_.upper_links;
        for (std::uint64_t slot = 0; slot < image_.num_slots; ++slot) {
            visit(slot, std::uint32_t{0},
                  ImportedList(image_.base + slot * image_.degree, image_.degree));
            for (std::uint32_t level = 1; level <= image_.levels[slot]; ++level) {
                visit(slot, level, ImportedList(upper, image_.m));
                upper += image_.m;
            }
        }
    }

  private:
    const skep_graph_image& image_;
};

[[noreturn]] void refuse(const std::string& text) {
    fail(SKEP_INVALID_ARGUMENT, "graph import: " + text);
}

void check_shape(const skep_graph_image& image, const skep_graph_options& options,
                 std::uint64_t num_slots) {
    if (image.m != options.m || image.degree != 2 * options.m) {
        refuse(fmt::format("m {} and degree {}; the graph has {} and {}", image.m, image.degree,
                           options.m, 2 * options.m));
    }
    if (image.num_slots > num_slots) {
        refuse(fmt::format("{} slots; the store has {}", image.num_slots, num_slots));
    }
    if (image.reserved != 0) refuse("reserved must be 0");
    if (image.num_slots == 0) {
        if (image.entry_slot != SKEP_NO_SLOT || image.max_level != 0 || image.num_upper_links != 0)
            refuse("no slots, but an entry, levels or links");
        return;
    }
    if (image.base == nullptr || image.levels == nullptr ||
        (image.upper_links == nullptr && image.num_upper_links != 0))
        refuse("an array is NULL");
    if (image.entry_slot >= image.num_slots)
        refuse(fmt::format("entry_slot {} of {} slots", image.entry_slot, image.num_slots));
    std::uint64_t sum = 0;
    std::uint32_t highest = 0;
    for (const std::uint8_t level : std::span(image.levels, image.num_slots)) {
        sum += level;
        highest = std::max<std::uint32_t>(highest, level);
    }
    if (highest > kMaxLevel)
        refuse(fmt::format("a slot of level {}; the highest is {}", highest, kMaxLevel));
    if (highest != image.max_level || image.levels[image.entry_slot] != highest) {
        refuse(fmt::format("max_level {} and an entry of level {}; the highest level is {}",
                           image.max_level, image.levels[image.entry_slot], highest));
    }
    if (image.num_upper_links != sum * image.m) {
        refuse(fmt::format("{} upper links; the levels ask for {}", image.num_upper_links,
                           sum * image.m));
    }
}

void check_links(const skep_graph_image& image) {
    ImageLists(image).visit_all([&](std::uint64_t slot, std::uint32_t level,
                                    const ImportedList& list) {
        if (!list.is_padded())
            refuse(fmt::format("slot {} level {}: links behind the end of the list", slot, level));
        for (const std::uint32_t link : list.links()) {
            if (link >= image.num_slots || link == slot || image.levels[link] < level) {
                refuse(
                    fmt::format("slot {} level {}: link {}; expected another slot below {} of "
                                "this level",
                                slot, level, link, image.num_slots));
            }
        }
    });
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
    for (std::uint64_t slot = 0; slot < image.num_slots; ++slot) {
        const std::uint32_t level = links_.level(slot);
        image.levels[slot] = static_cast<std::uint8_t>(level);
        copy_list(links_.list(slot, 0), image.num_slots, image.base + slot * image.degree);
        for (std::uint32_t l = 1; l <= level; ++l, upper += options_.m)
            copy_list(links_.list(slot, l), image.num_slots, upper);
    }
}

void Graph::import_image(const skep_graph_image& image) {
    if (num_linked() != 0) refuse("the graph is not empty");
    check_shape(image, options_, store_.num_slots());
    if (image.num_slots == 0) return;
    check_links(image);
    const std::uint64_t num_lists = image.num_upper_links / options_.m;
    links_.reserve(image.num_slots, num_lists, "graph import");
    std::uint64_t num_blocks = 0;
    std::uint64_t num_links = 0;
    ImageLists(image).visit_all(
        [&](std::uint64_t slot, std::uint32_t level, const ImportedList& list) {
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
