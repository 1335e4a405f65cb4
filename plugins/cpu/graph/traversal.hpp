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

    // Begins a walk that fills the pool with the nearest slots of a layer found from `start`.
    // width: of the pool. Throws Error when there is no memory for it.
    void begin_layer(std::uint32_t start, std::uint32_t level, std::uint64_t width);
    // Goes on with it for as long as nothing has to come from memory that was not asked for:
    // whoever has several walks steps them in turn. False: it is done.
    bool step();
    // The whole walk.
    void search_layer(std::uint32_t start, std::uint32_t level, std::uint64_t width);
    // The same, from what the pool holds of the layer above. The width stays.
    void search_layer_below(std::uint32_t level);

  private:
    // Asks for the rows of a list's links to slots that are seen, unvisited ones only if `marks` is
    // set. How many there are.
    template <bool marks>
    std::uint32_t collect(const LinkList& list);
    // Distances of what was collected.
    void score(std::uint32_t count) { scorer_.distances(batch_.data(), count, distances_.data()); }
    // The next slot to expand and its list. False: there is none.
    bool choose_next();
    [[nodiscard]] Neighbour nearest_seed(const Seeds& seeds, std::uint32_t level);

    const RowStore& store_;
    const LinkStore& links_;
    RowScorer scorer_;
    NeighbourPool pool_;
    VisitedSet visited_;
    HostArray<std::uint32_t> batch_;  // [degree]
    HostArray<float> distances_;      // [degree]
    std::uint64_t num_slots_ = 0;

    // Between two steps.
    std::uint32_t level_ = 0;
    std::uint32_t expanded_ = 0;  // the slot whose links come next
    bool is_collected_ = false;   // they are in the batch
    std::uint32_t num_collected_ = 0;
};

}  // namespace skep::cpu
