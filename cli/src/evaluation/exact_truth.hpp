// SPDX-License-Identifier: MIT
// The true distances that answers are judged by: read from files, or computed.
#pragma once

#include <skep/skep.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace skep::cli {

class Interrupt;

struct ExactTruth {
    std::uint64_t num_queries = 0;
    std::uint64_t k = 0;
    std::vector<float> distances;  // [num_queries, k], ascending; +infinity past the last row
};

// The first `num_queries` rows of `distances_path` (0: all of them). `ids_path` may be empty;
// otherwise its row numbers must be ones of a collection of `num_rows`: truth of another base set
// is the commonest mistake.
[[nodiscard]] ExactTruth read_truth(const std::string& ids_path, const std::string& distances_path,
                                    std::uint64_t num_queries, std::uint64_t num_rows);

// By a scan in double precision.
[[nodiscard]] ExactTruth compute_truth(const Runtime& runtime, const skep_matrix& base,
                                       const skep_matrix& queries, skep_metric metric,
                                       std::uint64_t k, const Interrupt& interrupt);

}  // namespace skep::cli
