// SPDX-License-Identifier: MIT
// Searching: one snapshot, one call to the stores, slots turned into keys.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include "collection/answers.hpp"
#include "collection/collection.hpp"
#include "collection/search_parts.hpp"
#include "skep/common/assert.hpp"
#include "skep/common/parallel_parts.hpp"

namespace skep {
namespace {

// Answers that one worker takes at a time: some 25 us, since keys lie anywhere in memory.
constexpr std::uint64_t kAnswersPerPart = 4096;

skep_matrix rows_of(const skep_matrix& matrix, std::uint64_t first_row, std::uint64_t count) {
    skep_matrix part = matrix;
    part.num_rows = count;
    part.data = static_cast<const std::byte*>(matrix.data) + first_row * row_stride(matrix);
    return part;
}

Error wrong_slot(std::uint32_t slot, std::uint64_t num_slots) {
    return Error(SKEP_BACKEND_MISBEHAVED,
                 fmt::format("search: the backend answered with slot {} of {}", slot, num_slots),
                 SKEP_LAYER_BACKEND);
}

// Some slot that the snapshot does not have.
std::optional<std::uint32_t> find_wrong_slot(const skep_host_services& host,
                                             std::span<const std::uint32_t> slots,
                                             std::uint64_t num_slots) {
    std::atomic<std::uint32_t> wrong{SKEP_NO_SLOT};
    for_parts(host, slots.size(), kAnswersPerPart, [&](std::uint64_t begin, std::uint64_t end) {
        std::uint32_t largest = 0;  // SKEP_NO_SLOT comes first in this order
        for (const std::uint32_t slot : slots.subspan(begin, end - begin))
            largest = std::max(largest, slot + 1);
        if (largest > num_slots) wrong.store(largest - 1, std::memory_order_relaxed);
    });
    const std::uint32_t found = wrong.load(std::memory_order_relaxed);
    return found == SKEP_NO_SLOT ? std::nullopt : std::optional(found);
}

// Widens answers of `found_k` per query to `k` per query.
struct AnswerShape {
    std::uint64_t num_queries = 0;
    std::uint64_t k = 0;
    std::uint64_t found_k = 0;
};

// Calls write(answer, found) for every answer of the caller: found is the stores' answer that
// belongs there, or kNothing behind those that were found.
constexpr std::uint64_t kNothing = UINT64_MAX;
template <typename Write>
void spread(const skep_host_services& host, const AnswerShape& shape, Write&& write) {
    for_parts(host, shape.num_queries * shape.k, kAnswersPerPart,
              [&](std::uint64_t begin, std::uint64_t end) {
                  if (shape.found_k == shape.k) {
                      for (std::uint64_t answer = begin; answer < end; ++answer)
                          write(answer, answer);
                      return;
                  }
                  for (std::uint64_t answer = begin; answer < end; ++answer) {
                      const std::uint64_t rank = answer % shape.k;
                      const std::uint64_t first = answer / shape.k * shape.found_k;
                      write(answer, rank < shape.found_k ? first + rank : kNothing);
                  }
              });
}

template <typename TextOfSlot>
std::unique_ptr<skep_byte_list> make_list(const AnswerShape& shape,
                                          std::span<const std::uint32_t> slots,
                                          TextOfSlot text_of_slot) {
    auto list = std::make_unique<skep_byte_list>();
    list->starts.reserve(shape.num_queries * shape.k);
    list->sizes.reserve(shape.num_queries * shape.k);
    for (std::uint64_t query = 0; query < shape.num_queries; ++query) {
        for (std::uint64_t rank = 0; rank < shape.k; ++rank) {
            const std::uint32_t slot =
                rank < shape.found_k ? slots[query * shape.found_k + rank] : SKEP_NO_SLOT;
            list->append(slot == SKEP_NO_SLOT ? std::string_view() : text_of_slot(slot));
        }
    }
    return list;
}

void count_answers(const AnswerShape& shape, std::span<const std::uint32_t> slots,
                   std::uint64_t* counts) {
    for (std::uint64_t query = 0; query < shape.num_queries; ++query) {
        const auto first = slots.begin() + static_cast<std::ptrdiff_t>(query * shape.found_k);
        const auto last = first + static_cast<std::ptrdiff_t>(shape.found_k);
        counts[query] = static_cast<std::uint64_t>(std::find(first, last, SKEP_NO_SLOT) - first);
    }
}

}  // namespace

Result<void> Collection::check_queries(const char* operation, const skep_matrix& queries) const {
    if (queries.num_rows != 0 && queries.dtype != info_.dtype && queries.dtype != SKEP_DTYPE_F32) {
        return client_error(SKEP_UNSUPPORTED_TYPE,
                            fmt::format("{}: queries are {}; expected {} or f32", operation,
                                        dtype_text(queries.dtype), dtype_text(info_.dtype)));
    }
    Result<void> checked = check_matrix(operation, "queries", queries, info_.dim, memory_rules());
    if (!checked || !is_host_memory(queries.memory_kind)) return checked;
    return check_finite(operation, "query", queries, &host());
}

Filter::Resolved Collection::resolve(const Filter* filter) const {
    if (filter == nullptr) return {publication_.read(), nullptr};
    return filter->resolve(keys_, publication_);
}

Result<std::shared_ptr<Filter>> Collection::make_filter(std::int32_t mode, const skep_keys& keys) {
    if (mode != SKEP_FILTER_ALLOW && mode != SKEP_FILTER_DENY) {
        return client_error(
            SKEP_INVALID_ARGUMENT,
            fmt::format("filter: mode is {}; expected 0 (allow) or 1 (deny)", mode));
    }
    const Result<KeyBatch> batch = KeyBatch::create("filter", keys, info_.key_kind);
    if (!batch) return batch.error();
    return std::make_shared<Filter>(shared_from_this(), mode, *batch);
}

Result<void> Collection::search(const skep_matrix& queries, std::uint64_t k,
                                std::uint32_t ef_search, const Filter* filter,
                                const skep_search_output& output, const skep_call* call) const {
    if (k == 0 || k > device_->info().max_k) {
        return client_error(SKEP_INVALID_K,
                            fmt::format("search: k is {}; device '{}' takes 1 to {}", k,
                                        device_->info().id, device_->info().max_k));
    }
    if (output.keys != nullptr && info_.key_kind != SKEP_KEY_U64) {
        return client_error(SKEP_INVALID_KEY,
                            "search: output.keys asked of a collection with string keys; expected "
                            "output.strings");
    }
    if (output.strings != nullptr && info_.key_kind != SKEP_KEY_STRING) {
        return client_error(SKEP_INVALID_KEY,
                            "search: output.strings asked of a collection with u64 keys; expected "
                            "output.keys");
    }
    if (filter != nullptr && filter->collection() != this) {
        return client_error(SKEP_INVALID_ARGUMENT,
                            "search: the filter was made for another collection");
    }
    Result<void> checked = check_queries("search", queries);
    if (!checked) return checked;
    const Result<std::uint64_t> num_answers =
        checked_product("search", "num_queries times k", queries.num_rows, k);
    if (!num_answers) return num_answers.error();
    if (*num_answers > PTRDIFF_MAX / sizeof(std::uint64_t)) {
        return client_error(SKEP_LIMIT_EXCEEDED,
                            fmt::format("search: {} queries times k {} exceeds the address space",
                                        queries.num_rows, k));
    }

    const Filter::Resolved state = resolve(filter);
    const Snapshot& snapshot = *state.snapshot;
    const AnswerShape shape{queries.num_rows, k, std::min(k, snapshot.num_rows)};
    Answers answers(answer_buffers_, shape.num_queries * shape.found_k);
    const std::span<const std::uint32_t> slots = answers.slots();
    const std::span<const float> distances = answers.distances();
    if (!slots.empty()) {
        const skep_bitmap* const allowed = state.bitmap ? &state.bitmap->view : nullptr;
        const std::uint64_t num_linked = this->num_linked(snapshot);
        const SearchPart all_parts[] = {
            {&store_, 0, num_linked, snapshot.mask.get(), allowed, 0, graph_.get()},
            {&store_, 0, snapshot.num_slots, snapshot.mask.get(), allowed, num_linked, nullptr}};
        const std::span<const SearchPart> parts = std::span(all_parts).subspan(
            num_linked == 0 ? 1 : 0, num_linked != 0 && num_linked < snapshot.num_slots ? 2 : 1);
        const skep_matrix source = as_store_input(queries);
        const std::uint64_t max_batch = std::max<std::uint64_t>(device_->info().max_batch, 1);
        for (std::uint64_t query = 0; query < shape.num_queries;) {
            const std::uint64_t count = std::min(max_batch, shape.num_queries - query);
            Result<void> searched =
                search_parts(parts, rows_of(source, query, count), shape.found_k, ef_search,
                             answers.slots().data() + query * shape.found_k,
                             answers.distances().data() + query * shape.found_k, call);
            if (!searched) return searched;
            query += count;
        }
        if (const auto wrong = find_wrong_slot(host(), slots, snapshot.num_slots)) {
            return wrong_slot(*wrong, snapshot.num_slots);
        }
    }

    std::unique_ptr<skep_byte_list> strings;
    std::unique_ptr<skep_byte_list> payloads;
    if (output.strings != nullptr) {
        strings =
            make_list(shape, slots, [&](std::uint32_t slot) { return keys_.string_at(slot); });
    }
    if (output.payloads != nullptr) {
        payloads =
            make_list(shape, slots, [&](std::uint32_t slot) { return payload_at(snapshot, slot); });
    }

    // Nothing below can fail.
    if (output.keys != nullptr || output.distances != nullptr) {
        spread(host(), shape, [&](std::uint64_t answer, std::uint64_t found) {
            const bool is_there = found != kNothing;
            if (output.keys != nullptr) {
                const std::uint32_t slot = is_there ? slots[found] : SKEP_NO_SLOT;
                output.keys[answer] = slot == SKEP_NO_SLOT ? UINT64_MAX : keys_.u64_at(slot);
            }
            if (output.distances != nullptr) {
                output.distances[answer] =
                    is_there ? distances[found] : std::numeric_limits<float>::infinity();
            }
        });
    }
    if (output.counts != nullptr) count_answers(shape, slots, output.counts);
    if (output.strings != nullptr) *output.strings = strings.release();
    if (output.payloads != nullptr) *output.payloads = payloads.release();
    num_searches_.fetch_add(shape.num_queries, std::memory_order_relaxed);
    return {};
}

}  // namespace skep
