// SPDX-License-Identifier: MIT
#include "collection/search_parts.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

namespace skep {
namespace {

Result<void> search_part(const SearchPart& part, const skep_matrix& queries, std::uint64_t k,
                         std::uint32_t ef_search, std::uint32_t* slots, float* distances,
                         const skep_call* call) {
    skep_search_request request{};
    request.struct_size = sizeof request;
    request.first_slot = part.begin_slot;
    request.num_slots = part.end_slot;
    request.mask = part.mask == nullptr ? nullptr : part.mask->handle();
    request.allowed = part.allowed;
    request.k = k;
    request.ef_search = ef_search;
    const skep_search_answer answer{
        sizeof answer, SKEP_MEMORY_HOST, 0, 0, slots, distances,
    };
    return part.graph != nullptr ? part.graph->search(queries, request, answer, call)
                                 : part.store->search(queries, request, answer, call);
}

// What one part answered for all queries: [num_queries, k].
struct PartAnswer {
    std::uint64_t first_slot = 0;
    std::vector<std::uint32_t> slots;
    std::vector<float> distances;
};

// Merges one query. Each part's answers ascend, so k times the nearest head is taken.
void merge_query(std::span<const PartAnswer> answers, std::uint64_t query, std::uint64_t k,
                 std::span<std::uint64_t> heads, std::uint32_t* slots, float* distances) {
    std::fill(heads.begin(), heads.end(), query * k);
    for (std::uint64_t rank = 0; rank < k; ++rank) {
        const PartAnswer* nearest = nullptr;
        std::uint64_t* nearest_head = nullptr;
        for (std::size_t part = 0; part < answers.size(); ++part) {
            const PartAnswer& answer = answers[part];
            const std::uint64_t head = heads[part];
            if (head == (query + 1) * k || answer.slots[head] == SKEP_NO_SLOT) continue;
            // Parts come in the order of their slots, so the earlier one wins a tie.
            if (nearest == nullptr || answer.distances[head] < nearest->distances[*nearest_head]) {
                nearest = &answer;
                nearest_head = &heads[part];
            }
        }
        if (nearest == nullptr) {
            slots[rank] = SKEP_NO_SLOT;
            distances[rank] = std::numeric_limits<float>::infinity();
            continue;
        }
        slots[rank] =
            static_cast<std::uint32_t>(nearest->first_slot + nearest->slots[*nearest_head]);
        distances[rank] = nearest->distances[*nearest_head];
        ++*nearest_head;
    }
}

}  // namespace

Result<void> search_parts(std::span<const SearchPart> parts, const skep_matrix& queries,
                          std::uint64_t k, std::uint32_t ef_search, std::uint32_t* slots,
                          float* distances, const skep_call* call) {
    if (parts.size() == 1) {
        return search_part(parts.front(), queries, k, ef_search, slots, distances, call);
    }
    std::vector<PartAnswer> answers;
    for (const SearchPart& part : parts) {
        PartAnswer& answer = answers.emplace_back();
        answer.first_slot = part.first_slot;
        answer.slots.resize(queries.num_rows * k);
        answer.distances.resize(queries.num_rows * k);
        Result<void> searched = search_part(part, queries, k, ef_search, answer.slots.data(),
                                            answer.distances.data(), call);
        if (!searched) return searched;
    }
    std::vector<std::uint64_t> heads(parts.size());
    for (std::uint64_t query = 0; query < queries.num_rows; ++query) {
        merge_query(answers, query, k, heads, slots + query * k, distances + query * k);
    }
    return {};
}

}  // namespace skep
