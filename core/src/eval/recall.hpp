// SPDX-License-Identifier: MIT
// The share of true neighbours that a search found.
#pragma once

#include <cstdint>

#include "skep/result.hpp"

namespace skep {

// As skep_recall; shapes have been checked, num_queries and k are at least 1. Fails on true
// distances that are NaN or do not ascend.
Result<double> compute_recall(std::uint64_t num_queries, std::uint64_t k,
                              const std::uint64_t* found_keys, const float* found_distances,
                              std::uint64_t truth_k, const float* true_distances);

}  // namespace skep
