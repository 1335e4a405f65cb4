// SPDX-License-Identifier: MIT
// The search for more rows than the device selects: it measures every distance, the host selects.
#pragma once

#include <skep/backend.h>

#include <cstdint>

#include "index/flat_store.hpp"

namespace skep::cuda {

// For k above kMaxDeviceK; num_slots is not 0. slots, distances: [num_queries, k], already filled
// with what stands for no row. The context is current. Costs 8 bytes over the bus and 16 bytes of
// host memory per row, one query after another; says so in the log. Returns what stopped it, or
// SKEP_OK; throws.
skep_status run_large_k_search(const FlatStore& store, const skep_matrix& queries,
                               const skep_search_request& request, const Mask* mask,
                               const skep_call* call, std::uint32_t* slots, float* distances);

}  // namespace skep::cuda
