// SPDX-License-Identifier: MIT
#include "index/large_k_search.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

#include "index/flat_kernels.hpp"
#include "index/search_input.hpp"
#include "kernels/exact_params.h"
#include "skep/common/distance.hpp"

namespace skep::cuda {
namespace {

// Rows whose keys come back at a time.
constexpr std::uint64_t kChunkRows = 1ULL << 20;
constexpr std::uint64_t kNoRow = ~0ULL;  // kNoKey of the kernels

// A row as it is ordered: by distance, ties by slot.
struct Found {
    std::uint64_t key;  // ordered bits of the distance
    std::uint32_t slot;

    bool operator<(const Found& other) const {
        return key != other.key ? key < other.key : slot < other.slot;
    }
};

double distance_of(std::uint64_t key) {
    constexpr std::uint64_t kSign = 1ULL << 63;
    return std::bit_cast<double>((key & kSign) != 0 ? key & ~kSign : ~key);
}

}  // namespace

skep_status run_large_k_search(const FlatStore& store, const skep_matrix& queries,
                               const skep_search_request& request, const Mask* mask,
                               const skep_call* call, std::uint32_t* slots, float* distances) {
    Device& device = *store.device();
    device.context()->log().write(
        SKEP_LOG_INFO, "search for {} rows: the device selects up to {}, so the host does",
        request.k, kMaxDeviceK);
    const char* name = kernels::row_kernels(store.dtype()).exact_scan;
    const CUfunction scan = device.modules().function(name);
    SearchInput input(store, queries, request, mask);
    const std::uint64_t chunk = std::min(kChunkRows, request.num_slots);
    const std::uint64_t query_bytes = store.dim() * sizeof(float);

    ScratchLayout on_device;
    const std::uint64_t keys_at = on_device.take(chunk * sizeof(std::uint64_t));
    const std::uint64_t query_at = on_device.take(query_bytes);
    const std::uint64_t allowed_at = on_device.take(input.allowed_bytes());
    ScratchLayout staged;
    const std::uint64_t staged_keys = staged.take(chunk * sizeof(std::uint64_t));
    const std::uint64_t staged_query = staged.take(query_bytes);
    const std::uint64_t staged_state = staged.take(sizeof(QueryState));
    const std::uint64_t staged_id = staged.take(sizeof(std::uint32_t));
    const LanePool::Lease lane = device.lanes().acquire();
    const CUdeviceptr base = lane->scratch(on_device.end());
    input.send_allowed(*lane, base + allowed_at);
    std::byte* pinned = lane->pinned(staged.end());
    auto* query = reinterpret_cast<float*>(pinned + staged_query);
    auto* state = reinterpret_cast<QueryState*>(pinned + staged_state);
    auto* keys = reinterpret_cast<std::uint64_t*>(pinned + staged_keys);
    std::memset(pinned + staged_id, 0, sizeof(std::uint32_t));

    ExactScanParams params{};
    params.view = input.view();
    params.filter = input.filter();
    params.query_ids = reinterpret_cast<const std::uint32_t*>(pinned + staged_id);
    params.queries = device_pointer<const float>(base + query_at);
    params.states = state;
    params.keys = device_pointer<std::uint64_t>(base + keys_at);
    std::vector<Found> found;
    found.reserve(request.num_slots);
    for (std::uint64_t number = 0; number < queries.num_rows; ++number) {
        input.stage_floats(query, number, 1);
        *state = QueryState{};
        state->squared_norm = dot_product(query, query, store.dim());
        lane->copy_to_device(base + query_at, query, query_bytes);
        found.clear();
        for (std::uint64_t first = 0; first < request.num_slots; first += chunk) {
            if (call != nullptr) {
                const skep_status stop = call->poll(call->context, number, queries.num_rows);
                if (stop != SKEP_OK) return stop;
            }
            params.first_slot = first;
            params.num_rows = std::min(chunk, request.num_slots - first);
            const std::uint32_t grid =
                exact_scan_blocks(params.num_rows, device.facts().num_multiprocessors);
            lane->launch(scan, grid, 1, kExactThreads, 0, params, name);
            lane->copy_to_host(keys, base + keys_at, params.num_rows * sizeof(std::uint64_t));
            const skep_status stop = lane->wait(call);
            if (stop != SKEP_OK) return stop;
            for (std::uint64_t row = 0; row < params.num_rows; ++row) {
                if (keys[row] == kNoRow) continue;
                found.push_back({keys[row], static_cast<std::uint32_t>(first + row)});
            }
        }
        const std::uint64_t count = std::min<std::uint64_t>(request.k, found.size());
        const auto end = found.begin() + static_cast<std::ptrdiff_t>(count);
        std::partial_sort(found.begin(), end, found.end());
        for (std::uint64_t rank = 0; rank < count; ++rank) {
            slots[number * request.k + rank] = found[rank].slot;
            distances[number * request.k + rank] = static_cast<float>(distance_of(found[rank].key));
        }
    }
    return SKEP_OK;
}

}  // namespace skep::cuda
