// SPDX-License-Identifier: MIT
#include "eval/recall.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace skep {
namespace {

constexpr float kMissing = std::numeric_limits<float>::infinity();

Result<void> check_ascending(std::uint64_t query, std::span<const float> distances) {
    for (std::size_t rank = 0; rank < distances.size(); ++rank) {
        const bool ascends = rank == 0 || distances[rank] >= distances[rank - 1];
        if (!std::isnan(distances[rank]) && ascends) continue;
        return Error(SKEP_INVALID_ARGUMENT,
                     fmt::format("skep_recall: true distance {} of query {} is {}; expected "
                                 "distances that ascend",
                                 rank, query, distances[rank]),
                     SKEP_LAYER_CLIENT);
    }
    return {};
}

}  // namespace

Result<double> compute_recall(std::uint64_t num_queries, std::uint64_t k,
                              const std::uint64_t* found_keys, const float* found_distances,
                              std::uint64_t truth_k, const float* true_distances) {
    double sum_of_shares = 0.0;
    std::vector<std::uint64_t> hits;
    for (std::uint64_t query = 0; query < num_queries; ++query) {
        const std::span<const float> truth(true_distances + query * truth_k, k);
        if (const Result<void> checked = check_ascending(query, truth); !checked) {
            return checked.error();
        }
        const auto num_true = static_cast<std::size_t>(
            std::lower_bound(truth.begin(), truth.end(), kMissing) - truth.begin());
        if (num_true == 0) {
            // Nothing was to be found, and nothing was missed.
            sum_of_shares += 1.0;
            continue;
        }
        const float farthest = truth[num_true - 1];
        hits.clear();
        for (std::uint64_t rank = query * k; rank < (query + 1) * k; ++rank) {
            if (found_distances[rank] <= farthest) hits.push_back(found_keys[rank]);
        }
        std::sort(hits.begin(), hits.end());
        const auto num_distinct =
            static_cast<std::size_t>(std::unique(hits.begin(), hits.end()) - hits.begin());
        sum_of_shares +=
            static_cast<double>(std::min(num_distinct, num_true)) / static_cast<double>(num_true);
    }
    return sum_of_shares / static_cast<double>(num_queries);
}

}  // namespace skep
