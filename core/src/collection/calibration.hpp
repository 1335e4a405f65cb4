// SPDX-License-Identifier: MIT
// How wide a graph has to be searched for a share of the true neighbours, as measured before.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "io/collection_file.hpp"

namespace skep {

// A recall as files and comparisons have it. recall: above 0, at most 1.
[[nodiscard]] inline std::uint32_t in_millionths(double recall) {
    return std::max(1U, static_cast<std::uint32_t>(std::lround(recall * 1e6)));
}

// The latest few measurements, at most one for each k and recall. Any thread.
class Calibrations {
  public:
    // The ef_search measured for this k and recall, unless the collection has become half as large
    // again since, or fallen below two thirds.
    [[nodiscard]] std::optional<std::uint32_t> find(std::uint64_t k,
                                                    std::uint32_t recall_millionths,
                                                    std::uint64_t num_rows) const {
        const std::lock_guard<std::mutex> lock(mutex_);
        for (const Calibration& known : known_) {
            if (known.k != k || known.recall_millionths != recall_millionths) continue;
            const bool is_current =
                2 * num_rows < 3 * known.num_rows && 3 * num_rows > 2 * known.num_rows;
            if (is_current) return known.ef_search;
        }
        return std::nullopt;
    }

    void keep(const Calibration& measured) {
        const std::lock_guard<std::mutex> lock(mutex_);
        std::erase_if(known_, [&](const Calibration& known) {
            return known.k == measured.k && known.recall_millionths == measured.recall_millionths;
        });
        if (known_.size() == kMaxCalibrations) known_.erase(known_.begin());
        known_.push_back(measured);
    }

    // Oldest first.
    [[nodiscard]] std::vector<Calibration> all() const {
        const std::lock_guard<std::mutex> lock(mutex_);
        return known_;
    }
    void replace(std::vector<Calibration> known) {
        const std::lock_guard<std::mutex> lock(mutex_);
        known_ = std::move(known);
    }

  private:
    mutable std::mutex mutex_;
    std::vector<Calibration> known_;
};

}  // namespace skep
