// SPDX-License-Identifier: MIT
// Graphs of the CPU backend behind its C table.
#pragma once

#include <gtest/gtest.h>
#include <skep/backend.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "unit/plugins/cpu/backend_fixture.hpp"

namespace skep::testing {

inline skep_graph_options graph_options(std::uint32_t m = 16, std::uint32_t ef_construction = 100,
                                        std::uint64_t seed = 0) {
    skep_graph_options options{};
    options.struct_size = sizeof options;
    options.m = m;
    options.ef_construction = ef_construction;
    options.seed = seed;
    return options;
}

// A graph as comparable arrays.
struct GraphImage {
    std::uint32_t entry_slot = 0;
    std::uint32_t max_level = 0;
    std::vector<std::uint32_t> base;
    std::vector<std::uint8_t> levels;
    std::vector<std::uint32_t> upper_links;
    std::uint32_t m = 0;

    bool operator==(const GraphImage&) const = default;

    [[nodiscard]] skep_graph_image view() {
        skep_graph_image image{};
        image.struct_size = sizeof image;
        image.m = m;
        image.degree = 2 * m;
        image.max_level = max_level;
        image.entry_slot = entry_slot;
        image.num_slots = levels.size();
        image.num_upper_links = upper_links.size();
        image.base = base.data();
        image.levels = levels.data();
        image.upper_links = upper_links.data();
        return image;
    }
};

// A graph that is destroyed at the end of the scope.
class GraphHandle {
  public:
    GraphHandle(const StoreHandle& store, const skep_graph_options& options) {
        skep_error error = SKEP_ERROR_INIT;
        EXPECT_EQ(cpu_operations().opt_graph_create(store.store, &options, &graph, &error), SKEP_OK)
            << error.message;
    }
    explicit GraphHandle(skep_graph* adopted) : graph(adopted) {}
    ~GraphHandle() { cpu_operations().opt_graph_destroy(graph); }
    GraphHandle(const GraphHandle&) = delete;
    GraphHandle& operator=(const GraphHandle&) = delete;

    void link(std::uint64_t num_slots) const {
        skep_error error = SKEP_ERROR_INIT;
        ASSERT_EQ(cpu_operations().opt_graph_link(graph, num_slots, nullptr, &error), SKEP_OK)
            << error.message;
    }
    [[nodiscard]] skep_graph_stats stats() const {
        skep_graph_stats stats{};
        stats.struct_size = sizeof stats;
        EXPECT_EQ(cpu_operations().opt_graph_stats(graph, &stats, nullptr), SKEP_OK);
        return stats;
    }
    [[nodiscard]] skep_graph* compacted(std::uint64_t num_slots, const skep_mask* mask) const {
        skep_graph* made = nullptr;
        skep_error error = SKEP_ERROR_INIT;
        EXPECT_EQ(
            cpu_operations().opt_graph_compact(graph, num_slots, mask, nullptr, &made, &error),
            SKEP_OK)
            << error.message;
        return made;
    }
    [[nodiscard]] Answer search(const skep_matrix& queries,
                                const skep_search_request& request) const {
        Answer answer;
        const skep_search_answer target = answer_into(answer, queries.num_rows, request.k);
        skep_error error = SKEP_ERROR_INIT;
        EXPECT_EQ(
            cpu_operations().opt_graph_search(graph, &queries, &request, &target, nullptr, &error),
            SKEP_OK)
            << error.message;
        return answer;
    }
    [[nodiscard]] Answer search(const skep_matrix& queries, std::uint64_t num_slots,
                                std::uint64_t k, std::uint32_t ef_search) const {
        skep_search_request request = search_request(num_slots, k);
        request.ef_search = ef_search;
        return search(queries, request);
    }
    [[nodiscard]] GraphImage image() const {
        GraphImage image;
        skep_graph_image view{};
        view.struct_size = sizeof view;
        view.num_slots = UINT64_MAX;
        EXPECT_EQ(cpu_operations().opt_graph_export(graph, &view, nullptr), SKEP_OK);
        image.base.resize(view.num_slots * view.degree);
        image.levels.resize(view.num_slots);
        image.upper_links.resize(view.num_upper_links);
        view.base = image.base.data();
        view.levels = image.levels.data();
        view.upper_links = image.upper_links.data();
        EXPECT_EQ(cpu_operations().opt_graph_export(graph, &view, nullptr), SKEP_OK);
        image.entry_slot = view.entry_slot;
        image.max_level = view.max_level;
        image.m = view.m;
        return image;
    }

    skep_graph* graph = nullptr;
};

class MaskHandle {
  public:
    MaskHandle(const StoreHandle& store, std::uint64_t num_slots,
               const std::vector<std::uint32_t>& erased) {
        EXPECT_EQ(cpu_operations().mask_create(store.store, nullptr, num_slots, erased.data(),
                                               erased.size(), &mask, nullptr),
                  SKEP_OK);
    }
    ~MaskHandle() { cpu_operations().mask_destroy(mask); }
    MaskHandle(const MaskHandle&) = delete;
    MaskHandle& operator=(const MaskHandle&) = delete;

    skep_mask* mask = nullptr;
};

// Share of the true answers' distances that an approximate answer reaches.
inline double recall(const Answer& found, const Answer& truth, std::uint64_t k) {
    std::uint64_t hits = 0;
    std::uint64_t wanted = 0;
    for (std::size_t first = 0; first < truth.distances.size(); first += k) {
        std::size_t last = first + k;
        while (last > first && truth.slots[last - 1] == SKEP_NO_SLOT)
            --last;
        wanted += last - first;
        for (std::size_t i = first; i < last; ++i)
            hits += found.distances[i] <= truth.distances[last - 1] ? 1U : 0U;
    }
    return wanted == 0 ? 1.0 : static_cast<double>(hits) / static_cast<double>(wanted);
}

}  // namespace skep::testing
