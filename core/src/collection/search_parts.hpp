// SPDX-License-Identifier: MIT
// One search over the stores of a collection: asks each and merges what they answer.
#pragma once

#include <skep/backend.h>

#include <cstdint>
#include <span>

#include "bridge/graph.hpp"
#include "bridge/store.hpp"
#include "skep/result.hpp"

namespace skep {

// Rows of one store: slots begin_slot to end_slot - 1 of it. Its slot s is slot first_slot + s of
// the collection.
struct SearchPart {
    const Store* store = nullptr;
    std::uint64_t first_slot = 0;
    std::uint64_t end_slot = 0;
    const Mask* mask = nullptr;            // null: nothing is erased
    const skep_bitmap* allowed = nullptr;  // over the store's own slots; null: every row
    std::uint64_t begin_slot = 0;
    const Graph* graph = nullptr;  // not null: asked instead of the store; begin_slot is 0
};

// The k nearest rows of each query among all parts, ascending by distance, then by slot of the
// collection. slots, distances: [queries.num_rows, k], written only on success; missing answers as
// in backend.h. One part is searched straight into the arrays. With more, parts are merged by their
// rounded distances.
Result<void> search_parts(std::span<const SearchPart> parts, const skep_matrix& queries,
                          std::uint64_t k, std::uint32_t ef_search, std::uint32_t* slots,
                          float* distances, const skep_call* call);

}  // namespace skep
