// SPDX-License-Identifier: MIT
// A graph as files hold it: the arrays of skep_graph_image, and whether they make a graph.
#pragma once

#include <skep/backend.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace skep {

// Points into memory of others. Empty levels: no graph.
struct GraphContents {
    std::span<const std::uint8_t> levels;        // [num_linked]
    std::span<const std::uint32_t> base_links;   // [num_linked, 2 m]
    std::span<const std::uint32_t> upper_links;  // slot by slot, level by level, m each

    [[nodiscard]] bool is_there() const { return !levels.empty(); }
    // A view of them for a backend, which only reads. The entry is the first slot of the highest
    // level.
    [[nodiscard]] skep_graph_image image(std::uint32_t m) const;
};

// The same, owned.
struct GraphArrays {
    std::vector<std::uint8_t> levels;
    std::vector<std::uint32_t> base_links;
    std::vector<std::uint32_t> upper_links;

    // Makes room as the image's sizes say, and points the image there.
    void hold(skep_graph_image& image);
    [[nodiscard]] GraphContents contents() const { return {levels, base_links, upper_links}; }
};

// Links that the levels ask for above the base layer.
[[nodiscard]] std::uint64_t num_upper_links(std::span<const std::uint8_t> levels, std::uint32_t m);

// What is wrong with the links of a graph whose arrays have the right lengths: a link to a slot
// that there is not, that lacks the level, or is the list's own, or one behind the end of its list.
[[nodiscard]] std::optional<std::string> check_links(const GraphContents& graph, std::uint32_t m);

}  // namespace skep
