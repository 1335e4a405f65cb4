// SPDX-License-Identifier: MIT
// Whether a graph is walked or every row is scored, and how wide a walk is: by what both cost on
// the device. Where a share s of the rows may be answers, a pool must be 1/s times as wide for as
// many of them; an exact search costs the same whatever the share, and misses nothing.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "device.hpp"
#include "kernels/graph_params.h"

namespace skep::cuda {

class SearchChoice {
  public:
    // num_rows: that a walk may meet. num_visible: of them, those that may be answers; at least 1.
    // ef_search: 0 for a length chosen from k. code_bytes: of a row.
    SearchChoice(std::uint64_t num_rows, std::uint64_t num_visible, std::uint64_t num_queries,
                 std::uint64_t k, std::uint64_t ef_search, std::uint64_t code_bytes,
                 DeviceSettings::Walks walks) {
        const std::uint64_t wanted =
            std::max(k, ef_search == 0 ? std::max(kLeastDefault, 2 * k) : ef_search);
        const double share = static_cast<double>(num_visible) / static_cast<double>(num_rows);
        const double width = std::ceil(static_cast<double>(wanted) / share);
        if (width > kMaxGraphPool || walks == DeviceSettings::Walks::kNever) return;
        const double lines = std::ceil(static_cast<double>(code_bytes) / 128.0);
        const auto queries = static_cast<double>(num_queries);
        const double walk_us = kWalkUs + kWalkUsPerQuery * queries +
                               width * (kEntryUs + kEntryUsPerQuery * queries) *
                                   (1.0 + kEntryUsPerLine * (lines - 1.0));
        const double scan_us =
            kScanUs + static_cast<double>(num_rows) * lines * (kRowUs + kRowUsPerQuery * queries);
        const bool is_cheaper = walk_us < scan_us || walks == DeviceSettings::Walks::kAlways;
        if (is_cheaper) width_ = static_cast<std::uint32_t>(width);
    }

    // Of the pool; 0 where an exact search is cheaper, or a pool cannot be wide enough.
    [[nodiscard]] std::uint32_t width() const { return width_; }

  private:
    // Measured on an H200 over 1M and 10M rows of 128 bytes; their ratios decide.
    static constexpr std::uint64_t kLeastDefault = 64;
    static constexpr double kWalkUs = 60.0;
    static constexpr double kWalkUsPerQuery = 0.06;
    static constexpr double kEntryUs = 1.9;  // of the pool
    static constexpr double kEntryUsPerQuery = 0.0015;
    static constexpr double kEntryUsPerLine = 0.3;  // for every further 128 bytes of a code
    static constexpr double kScanUs = 50.0;
    static constexpr double kRowUs = 3.4e-5;
    static constexpr double kRowUsPerQuery = 6.2e-7;

    std::uint32_t width_ = 0;
};

}  // namespace skep::cuda
