// SPDX-License-Identifier: MIT
// Reads skep_graph_image, and tells whether it is what backend.h says: what every backend checks
// before it takes one in.
#pragma once

#include <fmt/format.h>
#include <skep/backend.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "skep/common/graph_level.hpp"

namespace skep {

// One padded list of an image.
class GraphImageList {
  public:
    GraphImageList(const std::uint32_t* links, std::uint32_t capacity)
        : links_(links),
          size_(
              static_cast<std::uint32_t>(std::find(links, links + capacity, SKEP_NO_SLOT) - links)),
          is_padded_(std::all_of(links + size_, links + capacity,
                                 [](std::uint32_t link) { return link == SKEP_NO_SLOT; })) {}

    [[nodiscard]] std::span<const std::uint32_t> links() const { return {links_, size_}; }
    // Whether nothing but padding follows.
    [[nodiscard]] bool is_padded() const { return is_padded_; }

  private:
    const std::uint32_t* links_;
    std::uint32_t size_;
    bool is_padded_;
};

// visit(slot, level, list) for every list, slot by slot, level by level.
template <typename Visit>
void for_each_list(const skep_graph_image& image, Visit&& visit) {
    const std::uint32_t* upper = image.upper_links;
    for (std::uint64_t slot = 0; slot < image.num_slots; ++slot) {
        visit(slot, std::uint32_t{0},
              GraphImageList(image.base + slot * image.degree, image.degree));
        for (std::uint32_t level = 1; level <= image.levels[slot]; ++level, upper += image.m)
            visit(slot, level, GraphImageList(upper, image.m));
    }
}

namespace graph_image_detail {

inline std::optional<std::string> find_wrong_shape(const skep_graph_image& image, std::uint32_t m,
                                                   std::uint64_t num_slots) {
    if (image.m != m || image.degree != 2 * m) {
        return fmt::format("m {} and degree {}; the graph has {} and {}", image.m, image.degree, m,
                           2 * m);
    }
    if (image.num_slots > num_slots)
        return fmt::format("{} slots; the store has {}", image.num_slots, num_slots);
    if (image.reserved != 0) return "reserved must be 0";
    if (image.num_slots == 0) {
        if (image.entry_slot != SKEP_NO_SLOT || image.max_level != 0 || image.num_upper_links != 0)
            return "no slots, but an entry, levels or links";
        return std::nullopt;
    }
    if (image.base == nullptr || image.levels == nullptr ||
        (image.upper_links == nullptr && image.num_upper_links != 0))
        return "an array is NULL";
    if (image.entry_slot >= image.num_slots)
        return fmt::format("entry_slot {} of {} slots", image.entry_slot, image.num_slots);
    std::uint64_t sum = 0;
    std::uint32_t highest = 0;
    for (const std::uint8_t level : std::span(image.levels, image.num_slots)) {
        sum += level;
        highest = std::max<std::uint32_t>(highest, level);
    }
    if (highest > kMaxGraphLevel)
        return fmt::format("a slot of level {}; the highest is {}", highest, kMaxGraphLevel);
    if (highest != image.max_level || image.levels[image.entry_slot] != highest) {
        return fmt::format("max_level {} and an entry of level {}; the highest level is {}",
                           image.max_level, image.levels[image.entry_slot], highest);
    }
    if (image.num_upper_links != sum * image.m) {
        return fmt::format("{} upper links; the levels ask for {}", image.num_upper_links,
                           sum * image.m);
    }
    return std::nullopt;
}

inline std::optional<std::string> find_wrong_link(const skep_graph_image& image) {
    std::optional<std::string> fault;
    for_each_list(image, [&](std::uint64_t slot, std::uint32_t level, const GraphImageList& list) {
        if (fault) return;
        if (!list.is_padded()) {
            fault = fmt::format("slot {} level {}: links behind the end of the list", slot, level);
            return;
        }
        for (const std::uint32_t link : list.links()) {
            if (link < image.num_slots && link != slot && image.levels[link] >= level) continue;
            fault = fmt::format(
                "slot {} level {}: link {}; expected another slot below {} of this level", slot,
                level, link, image.num_slots);
            return;
        }
    });
    return fault;
}

}  // namespace graph_image_detail

// What is wrong with an image for a graph of this m over a store of so many slots. Reads nothing
// beyond what the image's own sizes say.
[[nodiscard]] inline std::optional<std::string> find_fault(const skep_graph_image& image,
                                                           std::uint32_t m,
                                                           std::uint64_t num_slots) {
    std::optional<std::string> fault = graph_image_detail::find_wrong_shape(image, m, num_slots);
    if (!fault && image.num_slots != 0) fault = graph_image_detail::find_wrong_link(image);
    return fault;
}

// Copies a list without links to slots from num_slots on and, since a writer may be at it, without
// repetitions; pads the rest.
inline void copy_graph_list(std::span<const std::uint32_t> list, std::uint64_t num_slots,
                            std::uint32_t* out) {
    std::size_t count = 0;
    for (const std::uint32_t link : list) {
        if (link == SKEP_NO_SLOT) break;
        if (link >= num_slots || std::find(out, out + count, link) != out + count) continue;
        out[count] = link;
        ++count;
    }
    std::fill(out + count, out + list.size(), SKEP_NO_SLOT);
}

}  // namespace skep
