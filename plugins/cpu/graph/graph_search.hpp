// SPDX-License-Identifier: MIT
// Approximate search through a graph. Arguments have been checked.
#pragma once

#include <skep/backend.h>

#include "graph/graph.hpp"
#include "rows/mask.hpp"

namespace skep::cpu {

// queries: host memory, the store's dtype or f32, the store's dim. Writes the answer last.
void search_graph(const Graph& graph, const skep_matrix& queries,
                  const skep_search_request& request, const Mask* mask, const skep_bitmap* allowed,
                  const skep_search_answer& answer, const skep_call* call);

}  // namespace skep::cpu
