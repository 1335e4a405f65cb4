// SPDX-License-Identifier: MIT
// Whether a search walks the graph or scores every row that may be an answer, and how wide it
// walks.
//
// A walk takes as long again for every entry of its pool. Where a share s of the rows may be
// answers, a pool must be 1/s times as wide for as many of them, while a scan has s times as many
// rows to score: from some s on the scan is cheaper, and it misses nothing.
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
        : num_visible_(num_visible),
          entry_ns_(
              std::max(kLeastEntryNs,
                       kEntryNsPerDoubling * std::log2(static_cast<double>(num_rows)) - kEntryNs)) {
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
        const double walk_ns = kSeedsNs + entries * (entry_ns_ + kInsertNsPerEntry * entries);
        return walk_ns < static_cast<double>(num_visible_) * kScannedRowNs;
    }

  private:
    static constexpr std::uint64_t kLeastDefault = 64;
    // bench/index/graph_costs.cpp, SIFT, 2026-11-22, EPYC with AVX-512 VNNI; docs/PERFORMANCE.md
    // has the table. Their ratios decide, and are alike for bytes and floats. An entry takes 250 ns
    // among 10 000 rows, 410 among 100 000.
    static constexpr double kSeedsNs = 6000.0;
    static constexpr double kEntryNsPerDoubling = 48.0;
    static constexpr double kEntryNs = 388.0;
    static constexpr double kLeastEntryNs = 100.0;
    static constexpr double kInsertNsPerEntry = 0.03;
    static constexpr double kScannedRowNs = 8.3;

    std::uint64_t num_visible_;
    double entry_ns_;
    std::uint64_t width_;
};

}  // namespace skep::cpu
