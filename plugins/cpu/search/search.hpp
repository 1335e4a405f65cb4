// SPDX-License-Identifier: MIT
// Exact search: the k nearest rows, and all rows within a radius. Arguments have been checked.
#pragma once

#include <skep/backend.h>

#include "rows/mask.hpp"
#include "rows/row_store.hpp"

namespace skep::cpu {

// queries: host memory, the store's dtype or f32, the store's dim. Writes the answer last.
void search(const RowStore& store, const skep_matrix& queries, const skep_search_request& request,
            const Visibility& visible, const skep_search_answer& answer, const skep_call* call);

// Emits while it scans. Of one query at most one emission runs at a time.
void range_search(const RowStore& store, const skep_matrix& queries,
                  const skep_range_request& request, const Visibility& visible,
                  const skep_range_sink& sink, const skep_call* call);

}  // namespace skep::cpu
