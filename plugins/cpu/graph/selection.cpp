// SPDX-License-Identifier: MIT
#include "graph/selection.hpp"

#include <algorithm>
#include <cstdint>

namespace skep::cpu {

void Selection::prepare(const skep_host_services& host, std::uint64_t max_candidates,
                        const char* operation) {
    slots_.require(host, max_candidates, operation);
    limits_.require(host, max_candidates, operation);
    distances_.require(host, max_candidates, operation);
    chosen_.require(host, max_candidates, operation);
}

std::span<const std::uint32_t> Selection::choose(RowScorer& scorer,
                                                 std::span<const Neighbour> candidates,
                                                 std::uint32_t count, std::uint32_t least) {
    std::uint32_t num_left = 0;
    for (const Neighbour& candidate : candidates) {
        slots_[num_left] = candidate.slot();
        limits_[num_left] = candidate.distance();
        ++num_left;
    }
    std::uint32_t num_chosen = 0;
    // The nearest one left is chosen, and rules others out.
    while (num_left != 0) {
        chosen_[num_chosen] = slots_[0];
        ++num_chosen;
        if (num_chosen == count || num_left == 1) break;
        scorer.set_row(slots_[0]);
        scorer.distances(slots_.data() + 1, num_left - 1, distances_.data());
        std::uint32_t num_kept = 0;
        for (std::uint32_t i = 1; i < num_left; ++i) {
            // Of many equal rows, half of the links at most go to one another.
            const bool is_ruled_out = 2 * num_chosen < count ? distances_[i - 1] < limits_[i]
                                                             : distances_[i - 1] <= limits_[i];
            if (is_ruled_out) continue;
            slots_[num_kept] = slots_[i];
            limits_[num_kept] = limits_[i];
            ++num_kept;
        }
        num_left = num_kept;
    }
    for (const Neighbour& candidate : candidates) {
        if (num_chosen >= least) break;
        std::uint32_t* const end = chosen_.data() + num_chosen;
        if (std::find(chosen_.data(), end, candidate.slot()) != end) continue;
        chosen_[num_chosen] = candidate.slot();
        ++num_chosen;
    }
    return {chosen_.data(), num_chosen};
}

}  // namespace skep::cpu
