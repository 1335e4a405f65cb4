// SPDX-License-Identifier: MIT
// Which of a slot's candidates become its neighbours: the heuristic of HNSW (algorithm 4 of the
// paper). A candidate that is nearer to a chosen one than to the slot is reached through that one.
#pragma once

#include <cstdint>
#include <span>

#include "graph/host_array.hpp"
#include "graph/neighbour_pool.hpp"
#include "graph/row_scorer.hpp"

namespace skep::cpu {

// The scratch memory of one thread.
class Selection {
  public:
    // For so many candidates. Throws Error.
    void prepare(const skep_host_services& host, std::uint64_t max_candidates,
                 const char* operation);

    // At most `count` of the candidates, which ascend and do not contain the slot itself; at least
    // `least` if there are so many, the nearest of those that were ruled out making up for what is
    // missing. What is returned lives until the next call. The scorer's query is another row
    // afterwards.
    [[nodiscard]] std::span<const std::uint32_t> choose(RowScorer& scorer,
                                                        std::span<const Neighbour> candidates,
                                                        std::uint32_t count,
                                                        std::uint32_t least = 0);

  private:
    // Candidates that are still in question, and how far they are from the slot.
    HostArray<std::uint32_t> slots_;
    HostArray<float> limits_;
    HostArray<float> distances_;
    HostArray<std::uint32_t> chosen_;
};

}  // namespace skep::cpu
