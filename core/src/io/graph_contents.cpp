// SPDX-License-Identifier: MIT
#include "io/graph_contents.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace skep {
namespace {

std::optional<std::string> check_list(std::span<const std::uint32_t> list, std::uint64_t slot,
                                      std::uint32_t level, std::span<const std::uint8_t> levels) {
    const auto end = std::find(list.begin(), list.end(), SKEP_NO_SLOT);
    if (std::any_of(end, list.end(), [](std::uint32_t link) { return link != SKEP_NO_SLOT; })) {
        return fmt::format("slot {} level {}: a link behind the end of its list", slot, level);
    }
    for (auto link = list.begin(); link != end; ++link) {
        if (*link < levels.size() && *link != slot && levels[*link] >= level) continue;
        return fmt::format(
            "slot {} level {}: link to slot {}; expected another one below {} with that level",
            slot, level, *link, levels.size());
    }
    return {};
}

}  // namespace

skep_graph_image GraphContents::image(std::uint32_t m) const {
    skep_graph_image image{};
    image.struct_size = sizeof image;
    image.m = m;
    image.degree = 2 * m;
    image.num_slots = levels.size();
    image.num_upper_links = upper_links.size();
    const auto highest = std::max_element(levels.begin(), levels.end());
    image.max_level = levels.empty() ? 0 : *highest;
    image.entry_slot =
        levels.empty() ? SKEP_NO_SLOT : static_cast<std::uint32_t>(highest - levels.begin());
    // Export and import share the struct; import only reads.
    image.base = const_cast<std::uint32_t*>(base_links.data());
    image.levels = const_cast<std::uint8_t*>(levels.data());
    image.upper_links = const_cast<std::uint32_t*>(upper_links.data());
    return image;
}

void GraphArrays::hold(skep_graph_image& image) {
    levels.resize(image.num_slots);
    base_links.resize(image.num_slots * image.degree);
    upper_links.resize(image.num_upper_links);
    image.levels = levels.data();
    image.base = base_links.data();
    image.upper_links = upper_links.data();
}

std::uint64_t num_upper_links(std::span<const std::uint8_t> levels, std::uint32_t m) {
    std::uint64_t num_lists = 0;
    for (const std::uint8_t level : levels)
        num_lists += level;
    return num_lists * m;
}

std::optional<std::string> check_links(const GraphContents& graph, std::uint32_t m) {
    const std::uint32_t degree = 2 * m;
    std::uint64_t first_upper = 0;
    for (std::uint64_t slot = 0; slot < graph.levels.size(); ++slot) {
        std::optional<std::string> complaint =
            check_list(graph.base_links.subspan(slot * degree, degree), slot, 0, graph.levels);
        for (std::uint32_t level = 1; !complaint && level <= graph.levels[slot]; ++level) {
            complaint =
                check_list(graph.upper_links.subspan(first_upper, m), slot, level, graph.levels);
            first_upper += m;
        }
        if (complaint) return complaint;
    }
    return {};
}

}  // namespace skep
