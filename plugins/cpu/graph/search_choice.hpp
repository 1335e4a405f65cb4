// SPDX-License-Identifier: MIT
// Whether a search walks the graph or scores every row that may be an answer, and how wide it
// walks.
//
// A walk visits about kRowsPerEntry rows for every entry of its pool. Where a share s of the rows
// may be answers, a pool must be 1/s times as wide for as many of them, while a scan has s times as
// many rows to score: from some s on the scan is cheaper, and it misses nothing.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace skep::cpu {

class SearchChoice {
  public:
    // num_rows: that a walk may meet. num_visible: of them, those that may be answers; at least 1.
    // ef_search: 0 for a length chosen from k.
    SearchChoice(std::uint64_t num_rows, std::uint64_t num_visible, std::uint64_t k,
                 std::uint64_t ef_search)
        : num_visible_(num_visible) {
        const std::uint64_t wanted =
            std::max(k, ef_search == 0 ? std::max(kLeastDefault, 2 * k) : ef_search);
        const double share = static_cast<double>(num_visible) / static_cast<double>(num_rows);
        width_ = static_cast<std::uint64_t>(std::ceil(static_cast<double>(wanted) / share));
    }

    // Of the pool of the first walk.
    [[nodiscard]] std::uint64_t width() const { return width_; }
    // Whether a walk of this width pays. One over all rows finds no more than a scan.
    [[nodiscard]] bool walks(std::uint64_t width) const {
        const auto entries = static_cast<double>(width);
        const double walk_ns = entries * kRowsPerEntry * (kVisitNs + kInsertNsPerEntry * entries);
        return walk_ns < static_cast<double>(num_visible_) * kScanNs;
    }

  private:
    // Estimates for 128 bytes per row; their ratios decide, and are alike for other rows.
    static constexpr std::uint64_t kLeastDefault = 64;
    static constexpr double kRowsPerEntry = 18.0;
    static constexpr double kVisitNs = 10.0;
    static constexpr double kInsertNsPerEntry = 0.04;
    static constexpr double kScanNs = 8.0;

    std::uint64_t num_visible_;
    std::uint64_t width_;
};

}  // namespace skep::cpu
