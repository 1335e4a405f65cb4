// SPDX-License-Identifier: MIT
#include "index/plain_search.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

#include "index/flat_kernels.hpp"
#include "index/search_input.hpp"

namespace skep::cuda {
namespace {

// Bytes of queries and answers that one tile may take.
constexpr std::uint64_t kTileBytes = 16ULL << 20;
constexpr std::uint64_t kMaxTileQueries = 1ULL << 16;

}  // namespace

skep_status run_plain_search(const FlatStore& store, const skep_matrix& queries,
                             const skep_search_request& request, const Mask* mask,
                             const skep_call* call, std::uint32_t* slots, float* distances) {
    Device& device = *store.device();
    SearchInput input(store, queries, request, mask);
    const std::uint64_t k = request.k;
    const std::uint64_t query_bytes = store.dim() * sizeof(float);
    const std::uint64_t answer_bytes = k * (sizeof(std::uint32_t) + sizeof(float));
    const std::uint64_t tile = std::clamp<std::uint64_t>(
        kTileBytes / (query_bytes + answer_bytes), 1, std::min(queries.num_rows, kMaxTileQueries));
    const char* name = kernels::row_kernels(store.dtype()).plain[store.metric()];
    const CUfunction kernel = device.modules().function(name, plain_shared_bytes(kMaxPlainSlots));

    // Queries are copied, every block reads them often; answers are written over the bus.
    ScratchLayout on_device;
    const std::uint64_t queries_at = on_device.take(tile * query_bytes);
    const std::uint64_t allowed_at = on_device.take(input.allowed_bytes());
    ScratchLayout staged;
    const std::uint64_t staged_queries = staged.take(tile * query_bytes);
    const std::uint64_t staged_slots = staged.take(tile * k * sizeof(std::uint32_t));
    const std::uint64_t staged_distances = staged.take(tile * k * sizeof(float));

    const LanePool::Lease lane = device.lanes().acquire();
    const CUdeviceptr base = lane->scratch(on_device.end());
    input.send_allowed(*lane, base + allowed_at);
    std::byte* pinned = lane->pinned(staged.end());
    PlainSearchParams params{};
    params.view = input.view();
    params.filter = input.filter();
    params.queries = device_pointer<const float>(base + queries_at);
    params.slots = reinterpret_cast<std::uint32_t*>(pinned + staged_slots);
    params.distances = reinterpret_cast<float*>(pinned + staged_distances);
    params.k = static_cast<std::uint32_t>(k);
    params.sort_capacity = static_cast<std::uint32_t>(
        std::bit_ceil(std::max({request.num_slots, k, std::uint64_t{2}})));
    for (std::uint64_t first = 0; first < queries.num_rows; first += tile) {
        const std::uint64_t count = std::min(tile, queries.num_rows - first);
        if (call != nullptr) {
            const skep_status stop = call->poll(call->context, first, queries.num_rows);
            if (stop != SKEP_OK) return stop;
        }
        input.stage_floats(reinterpret_cast<float*>(pinned + staged_queries), first, count);
        lane->copy_to_device(base + queries_at, pinned + staged_queries, count * query_bytes);
        lane->launch(kernel, static_cast<std::uint32_t>(count), 1, kPlainThreads,
                     plain_shared_bytes(params.sort_capacity), params, name);
        const skep_status stop = lane->wait(call);
        if (stop != SKEP_OK) return stop;
        std::memcpy(slots + first * k, params.slots, count * k * sizeof(std::uint32_t));
        std::memcpy(distances + first * k, params.distances, count * k * sizeof(float));
    }
    return SKEP_OK;
}

}  // namespace skep::cuda
