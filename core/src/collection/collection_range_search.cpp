// SPDX-License-Identifier: MIT
// Range search: collects what the store emits, in any order and from any thread, and sorts it.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <new>
#include <utility>

#include "collection/collection.hpp"

namespace skep {
namespace {

struct FoundRow {
    float distance;
    std::uint32_t slot;
};

// For one query the backend emits from one thread at a time, so every query has its own list and
// no lock.
class RangeCollector {
  public:
    RangeCollector(std::uint64_t num_queries, std::uint64_t num_slots)
        : found_(num_queries), num_slots_(num_slots) {}

    // Called by the backend, through C.
    static skep_status emit(void* context, std::uint64_t query, std::uint64_t count,
                            const std::uint32_t* slots, const float* distances) {
        auto& self = *static_cast<RangeCollector*>(context);
        try {
            return self.take(query, count, slots, distances);
        } catch (const std::bad_alloc&) {
            return SKEP_OUT_OF_HOST_MEMORY;
        }
    }

    // Answers of one query, nearest first, equal distances by slot.
    std::vector<FoundRow>& sorted(std::uint64_t query) {
        std::vector<FoundRow>& rows = found_[query];
        std::sort(rows.begin(), rows.end(), [](const FoundRow& a, const FoundRow& b) {
            return std::pair(a.distance, a.slot) < std::pair(b.distance, b.slot);
        });
        return rows;
    }

    [[nodiscard]] std::uint64_t num_found() const {
        std::uint64_t total = 0;
        for (const std::vector<FoundRow>& rows : found_)
            total += rows.size();
        return total;
    }

  private:
    skep_status take(std::uint64_t query, std::uint64_t count, const std::uint32_t* slots,
                     const float* distances) {
        if (query >= found_.size()) return SKEP_BACKEND_MISBEHAVED;
        std::vector<FoundRow>& rows = found_[query];
        for (std::uint64_t answer = 0; answer < count; ++answer) {
            if (slots[answer] >= num_slots_) return SKEP_BACKEND_MISBEHAVED;
            rows.push_back({distances[answer], slots[answer]});
        }
        return SKEP_OK;
    }

    std::vector<std::vector<FoundRow>> found_;
    std::uint64_t num_slots_;
};

}  // namespace

Result<std::unique_ptr<skep_range_result>> Collection::range_search(const skep_matrix& queries,
                                                                    float radius,
                                                                    const Filter* filter,
                                                                    const skep_call* call) const {
    if (std::isnan(radius)) {
        return client_error(SKEP_INVALID_ARGUMENT,
                            "range_search: radius is NaN; expected a distance");
    }
    if (filter != nullptr && filter->collection() != this) {
        return client_error(SKEP_INVALID_ARGUMENT,
                            "range_search: the filter was made for another collection");
    }
    if (!device_->has_capability(SKEP_CAPABILITY_RANGE_SEARCH)) {
        return client_error(
            SKEP_UNSUPPORTED,
            fmt::format("range_search: device '{}' does not offer it", device_->info().id));
    }
    const Result<void> checked = check_queries("range_search", queries);
    if (!checked) return checked.error();

    const Filter::Resolved state = resolve(filter);
    const Snapshot& snapshot = *state.snapshot;
    RangeCollector collector(queries.num_rows, snapshot.num_slots);
    if (queries.num_rows != 0 && snapshot.num_rows != 0) {
        skep_range_request request{};
        request.struct_size = sizeof request;
        request.radius = radius;
        request.num_slots = snapshot.num_slots;
        request.mask = snapshot.mask ? snapshot.mask->handle() : nullptr;
        request.allowed = state.bitmap ? &state.bitmap->view : nullptr;
        const skep_range_sink sink{sizeof sink, 0, &collector, &RangeCollector::emit};
        const Result<void> searched =
            store_.range_search(as_store_input(queries), request, sink, call);
        if (!searched) return searched.error();
    }

    auto result = std::make_unique<skep_range_result>();
    result->key_kind = info_.key_kind;
    result->offsets.reserve(queries.num_rows + 1);
    result->offsets.push_back(0);
    result->distances.reserve(collector.num_found());
    for (std::uint64_t query = 0; query < queries.num_rows; ++query) {
        for (const FoundRow& row : collector.sorted(query)) {
            result->distances.push_back(row.distance);
            if (info_.key_kind == SKEP_KEY_U64) {
                result->keys.push_back(keys_.u64_at(row.slot));
            } else {
                result->strings.append(keys_.string_at(row.slot));
            }
        }
        result->offsets.push_back(result->distances.size());
    }
    num_searches_.fetch_add(queries.num_rows, std::memory_order_relaxed);
    return result;
}

}  // namespace skep
