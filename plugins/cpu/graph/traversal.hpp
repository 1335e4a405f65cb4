// SPDX-License-Identifier: MIT
// Walking a graph towards a query: greedily through the upper layers, with a pool of candidates
// through one layer (Malkov, Yashunin: "Efficient and robust approximate nearest neighbor search
// using Hierarchical Navigable Small World graphs", 2016, algorithms 2 and 5).
#pragma once

#include <cstdint>

#include "graph/host_array.hpp"
#include "graph/link_store.hpp"
#include "graph/neighbour_pool.hpp"
#include "graph/row_scorer.hpp"
#include "graph/seeds.hpp"
#include "graph/visited_set.hpp"

namespace skep::cpu {

// The scratch memory of one thread, kept between walks.
class Traversal {
  public:
    Traversal(const RowStore& store, const LinkStore& links)
        : store_(store), links_(links), scorer_(store) {}

    // Walks see slots below num_slots, which the store has, until end(). Throws Error.
    void begin(std::uint64_t num_slots, bool uses_codes, const char* operation);
    void end() { scorer_.close(); }

    [[nodiscard]] RowScorer& scorer() { return scorer_; }
    [[nodiscard]] NeighbourPool& pool() { return pool_; }
    [[nodiscard]] VisitedSet& visited() { return visited_; }

    // The nearest slot that scoring all seeds of at least `level`, and from the nearest of them a
    // greedy walk through the layers between theirs and `level`, finds. SKEP_NO_SLOT: no such seed.
    [[nodiscard]] std::uint32_t descend(const Seeds& seeds, std::uint32_t level);

    // Fills the pool with the nearest slots of a layer found from `start`. width: of the pool.
    // Throws Error when there is no memory for it.
    void search_layer(std::uint32_t start, std::uint32_t level, std::uint64_t width);
    // The same, from what the pool holds of the layer above. The width stays.
    void search_layer_below(std::uint32_t level);

  private:
    // Links of a list to slots that are seen, unvisited ones only if `marks` is set.
    template <bool marks>
    std::uint32_t collect(const LinkList& list);
    [[nodiscard]] Neighbour nearest_seed(const Seeds& seeds, std::uint32_t level);
    void expand_all(std::uint32_t level);

    const RowStore& store_;
    const LinkStore& links_;
    RowScorer scorer_;
    NeighbourPool pool_;
    VisitedSet visited_;
    HostArray<std::uint32_t> batch_;  // [degree]
    HostArray<float> distances_;      // [degree]
    std::uint64_t num_slots_ = 0;
};

}  // namespace skep::cpu
