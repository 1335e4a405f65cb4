// SPDX-License-Identifier: MIT
// Exact nearest rows by a plain scan: the definition that every search is measured against.
#pragma once

#include <skep/host_services.h>
#include <skep/types.h>

#include <cstdint>

#include "runtime/call_control.hpp"
#include "skep/result.hpp"

namespace skep {

// base, queries: host memory, valid, finite, of one dim; f32, f16, bf16, i8 or u8, each its own.
// ids, distances: [num_queries, k], written only on success. Ordered by the double of
// common/distance.hpp, ties by row; the same for every number of workers. Memory: 16 bytes for each
// candidate that is kept, min(k, rows) per query, and some more where few queries share the work.
Result<void> compute_ground_truth(const skep_host_services& host, const skep_matrix& base,
                                  const skep_matrix& queries, skep_metric metric, std::uint64_t k,
                                  std::uint32_t* ids, float* distances, CallControl& control);

}  // namespace skep
