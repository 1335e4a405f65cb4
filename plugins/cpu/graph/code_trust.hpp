// SPDX-License-Identifier: MIT
// Whether codes tell neighbours apart.
//
// A byte per element resolves a row to a hundredth of its range or so. Where rows lie in clusters
// that are smaller than this, far from the origin, distances from codes are noise: a graph made of
// them links at random. So the neighbours that codes have chosen for a sample of rows are measured:
// if distances from codes are off by half of what lies between the nearest and the farthest of a
// list, or more, the graph goes over to exact distances, for good.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "graph/link_store.hpp"
#include "graph/row_scorer.hpp"

namespace skep::cpu {

class CodeTrust {
  public:
    // Compares both distances of a slot's links on the base layer. The scorer, which may be asked
    // of rows, works with codes.
    void measure(RowScorer& scorer, std::uint32_t slot, const LinkList& links) {
        if (links.load(0) == SKEP_NO_SLOT) return;
        scorer.set_row(slot);
        if (scorer.is_exact_but_for_rounding()) return;
        double nearest = std::numeric_limits<double>::infinity();
        double farthest = -nearest;
        double error = 0.0;
        std::uint32_t count = 0;
        for (; count < links.capacity() && links.load(count) != SKEP_NO_SLOT; ++count) {
            const std::uint32_t link = links.load(count);
            float approximate = 0.0F;
            scorer.distances(&link, 1, &approximate);
            const double exact = scorer.exact_distance(link);
            nearest = std::min(nearest, exact);
            farthest = std::max(farthest, exact);
            error += std::abs(static_cast<double>(approximate) - exact);
        }
        noise_ += error / count;
        signal_ += farthest - nearest;
        ++num_measured_;
    }

    // Of samples large enough to tell.
    [[nodiscard]] bool is_known() const { return num_measured_ >= kEnough; }
    [[nodiscard]] bool codes_mislead() const { return is_known() && 2.0 * noise_ > signal_; }

    // Rows to measure of so many.
    static constexpr std::uint64_t kEnough = 32;

  private:
    double noise_ = 0.0;
    double signal_ = 0.0;
    std::uint64_t num_measured_ = 0;
};

}  // namespace skep::cpu
