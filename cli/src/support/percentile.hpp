// SPDX-License-Identifier: MIT
// Order statistics of measured times.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

namespace skep::cli {

// The smallest value that at least `share` of all values do not exceed (nearest rank): always one
// that was measured. 0 < share <= 1; `values` is not empty.
[[nodiscard]] inline double percentile(std::vector<double> values, double share) {
    const auto rank =
        static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size())));
    const auto position = static_cast<std::ptrdiff_t>(std::max<std::size_t>(rank, 1) - 1);
    std::nth_element(values.begin(), values.begin() + position, values.end());
    return values[static_cast<std::size_t>(position)];
}

[[nodiscard]] inline double median(std::vector<double> values) {
    return percentile(std::move(values), 0.5);
}

}  // namespace skep::cli
