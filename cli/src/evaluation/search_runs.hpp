// SPDX-License-Identifier: MIT
// Searches a collection in batches of given sizes: how much of the truth is found, how many queries
// per second, how long a call takes.
#pragma once

#include <skep/skep.hpp>

#include <cstdint>
#include <vector>

#include "evaluation/exact_truth.hpp"

namespace skep::cli {

struct BatchRun {
    std::uint64_t ef_search = 0;  // 0: left to the library
    std::uint64_t batch = 0;
    double recall = 0.0;
    double qps = 0.0;     // median over the repetitions
    double p50_us = 0.0;  // of single calls, each with `batch` queries
    double p99_us = 0.0;
};

struct RunPlan {
    std::uint64_t num_queries = 0;
    std::uint64_t k = 0;
    std::uint64_t num_repeats = 0;
    std::vector<std::uint64_t> batches;
    std::vector<std::uint64_t> efs;  // ef_search; {0} leaves it to the library
};

/*
 * For each ef_search and batch size one pass for the recall, which also warms up, then the timed
 * repetitions, all of them in turn so that a disturbance does not fall on one alone. Every call has
 * exactly `batch` queries: the last one of a pass is filled up from the first query on. Time is
 * that inside skep_collection_search.
 */
[[nodiscard]] std::vector<BatchRun> run_searches(const Collection& collection,
                                                 const skep_matrix& queries, const RunPlan& plan,
                                                 const ExactTruth& truth,
                                                 const Interrupt& interrupt);

}  // namespace skep::cli
