// SPDX-License-Identifier: MIT
// The plain search of a small store: every distance in double, all of them sorted. No encoding, no
// bound, one kernel.
#pragma once

#include <cstdint>

#include <skep/backend.h>

#include "index/flat_store.hpp"
#include "kernels/plain_params.h"

namespace skep::cuda {

// Searches a store that is_searched_plainly. slots, distances: [num_queries, k]. The context
// is current; k is at most kMaxDeviceK, num_slots is not 0. Returns what stopped it, or SKEP_OK;
// throws.
skep_status run_plain_search(const FlatStore& store, const skep_matrix& queries,
                             const skep_search_request& request, const Mask* mask,
                             const skep_call* call, std::uint32_t* slots, float* distances);

}  // namespace skep::cuda
