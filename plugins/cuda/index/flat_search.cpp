// SPDX-License-Identifier: MIT
#include "index/flat_search.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>

#include "index/flat_kernels.hpp"
#include "index/large_k_search.hpp"
#include "index/plain_search.hpp"
#include "kernels/encode_params.h"
#include "kernels/exact_params.h"
#include "kernels/select_params.h"
#include "kernels/sweep_params.h"
#include "kernels/tile_bytes_params.h"
#include "kernels/tile_params.h"
#include "skep/result.hpp"

namespace skep::cuda {
namespace {

// Rows, and distances of all queries, that the plain kernels keep at a time.
constexpr std::uint64_t kRedoRows = 1ULL << 20;
constexpr std::uint64_t kRedoKeys = 1ULL << 24;
// A batch up to here gets wide selection blocks: few of them run, each should be quick.
constexpr std::uint64_t kFewQueries = 32;
constexpr std::uint32_t kFewQueriesThreads = 1024;
constexpr std::uint32_t kManyQueriesThreads = 256;
// Blocks of a sweep per multiprocessor, by registers: 48 of the narrow kernel, 128 of the wide one.
constexpr std::uint32_t kNarrowBlocks = 5;
constexpr std::uint32_t kWideBlocks = 2;
constexpr std::uint32_t kMaxGridY = 65535;
// A batch above this is for the matrix units: one pass of theirs takes 128 queries, one of the wide
// sweep 8, and both read every row once.
constexpr std::uint64_t kSweepBatch = 8;
constexpr std::uint32_t kTileBlocks = 2;

std::uint64_t round_up(std::uint64_t value, std::uint64_t unit) {
    return (value + unit - 1) / unit * unit;
}

// As many splits of the rows as fill the device once: blocks of one split run side by side and
// share its rows in the second-level cache.
std::uint32_t row_splits(const DeviceFacts& facts, std::uint32_t tiles, std::uint64_t num_blocks) {
    const std::uint32_t resident = facts.num_multiprocessors * kTileBlocks;
    return static_cast<std::uint32_t>(
        std::min<std::uint64_t>(num_blocks, std::max<std::uint32_t>(resident / tiles, 1)));
}

}  // namespace

FlatSearch::FlatSearch(const FlatStore& store, const skep_matrix& queries,
                       const skep_search_request& request, const Mask* mask, const skep_call* call)
    : store_(store),
      queries_(queries),
      request_(request),
      call_(call),
      input_(store, queries, request, mask),
      k_(static_cast<std::uint32_t>(request.k)),
      plan_(plan_search(request.num_slots, queries.num_rows, store.dim_, k_)),
      operand_stride_(static_cast<std::uint32_t>(round_up(store.dim_, kOperandChunk))),
      pass_(choose_pass()) {
}

FlatSearch::Pass FlatSearch::choose_pass() const {
    Device& device = *store_.device();
    const std::uint64_t shared_bytes = device.facts().max_shared_bytes;
    if (store_.is_bytes_ && queries_.dtype == SKEP_DTYPE_U8) {
        const bool has_tile_bytes = store_.approx_stride_ <= kTileBytesMaxDim &&
                                    shared_bytes >= kTileBytesSharedBytes &&
                                    device.modules().has_kernel(kernels::kTileBytes);
        if (has_tile_bytes && queries_.num_rows > 1) return Pass::kTileBytes;
        // Sums of products stay below 2^31.
        constexpr std::uint32_t kMaxSweepBytesDim = 32768;
        if (queries_.num_rows == 1 && store_.dim_ <= kMaxSweepBytesDim) return Pass::kSweepBytes;
    }
    const bool has_tile =
        device.modules().has_kernel(store_.is_bytes_ ? kernels::kTileU8 : kernels::kTileBf16) &&
        shared_bytes >= kTileSharedBytes + kTileQueries * sizeof(float) * 4;
    return has_tile && queries_.num_rows > kSweepBatch ? Pass::kTile : Pass::kSweep;
}

FlatSearch::Layout FlatSearch::layout_of(std::uint64_t num_queries) const {
    Layout layout{};
    ScratchLayout pieces;
    const auto take = [&](std::uint64_t bytes) { return pieces.take(bytes); };
    layout.queries = take(num_queries * store_.dim_ * sizeof(float));
    layout.operand = take(multiplies_bytes() ? 0 : num_queries * operand_stride_ * sizeof(float));
    layout.operand_bf16 = take(
        pass_ == Pass::kTile ? num_queries * store_.approx_stride_ * sizeof(std::uint16_t) : 0);
    layout.operand_bytes = take(multiplies_bytes() ? num_queries * store_.approx_stride_ : 0);
    layout.lists = take(num_queries * plan_.list_capacity * sizeof(Candidate));
    layout.allowed = take(input_.allowed_bytes());
    layout.states = take(num_queries * sizeof(QueryState));
    layout.end = pieces.end();
    return layout;
}

skep_status FlatSearch::run(std::uint32_t* slots, float* distances) {
    const LanePool::Lease lane = store_.device()->lanes().acquire();
    // Less scratch memory than wished means smaller tiles, not failure.
    for (;;) {
        layout_ = layout_of(plan_.tile_queries);
        try {
            base_ = lane->scratch(layout_.end);
            break;
        } catch (const Error& failure) {
            if (failure.status() != SKEP_OUT_OF_DEVICE_MEMORY || plan_.tile_queries == 1) throw;
            plan_.tile_queries = (plan_.tile_queries + 1) / 2;
        }
    }
    input_.send_allowed(*lane, base_ + layout_.allowed);
    for (std::uint64_t first = 0; first < queries_.num_rows; first += plan_.tile_queries) {
        const std::uint64_t count =
            std::min<std::uint64_t>(plan_.tile_queries, queries_.num_rows - first);
        if (call_ != nullptr) {
            const skep_status stop = call_->poll(call_->context, first, queries_.num_rows);
            if (stop != SKEP_OK) return stop;
        }
        const skep_status stop =
            run_tile(*lane, first, count, slots + first * k_, distances + first * k_);
        if (stop != SKEP_OK) return stop;
    }
    return SKEP_OK;
}

void FlatSearch::launch_sweep(Lane& lane, std::uint32_t num_queries, std::uint64_t first_block,
                              std::uint64_t end_block, bool keeps_all) {
    Device& device = *store_.device();
    const bool is_bytes = pass_ == Pass::kSweepBytes;
    const bool is_wide = num_queries > 1 && !is_bytes;
    const char* name = nullptr;
    if (is_bytes) {
        name = store_.metric_ == SKEP_METRIC_COSINE ? kernels::kSweepBytesCosine
                                                    : kernels::kSweepBytes;
    } else if (store_.is_bytes_) {
        name = is_wide ? kernels::kSweepU8Eight : kernels::kSweepU8One;
    } else {
        name = is_wide ? kernels::kSweepBf16Eight : kernels::kSweepBf16One;
    }
    const CUfunction sweep = device.modules().function(name);
    SweepParams params{};
    params.view = input_.view();
    params.filter = input_.filter();
    params.order = plan_.order;
    params.first_block = first_block;
    params.end_block = end_block;
    params.operand_stride = operand_stride_;
    params.list_capacity = plan_.list_capacity;
    params.keeps_all = keeps_all ? 1 : 0;

    const std::uint32_t group = is_wide ? kSweepQueries : 1;
    const std::uint32_t resident =
        device.facts().num_multiprocessors * (is_wide ? kWideBlocks : kNarrowBlocks);
    const auto grid_x =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(end_block - first_block, resident));
    for (std::uint32_t first = 0; first < num_queries; first += group * kMaxGridY) {
        const std::uint32_t count = std::min(num_queries - first, group * kMaxGridY);
        params.operand_bytes = device_pointer<const std::uint8_t>(base_ + layout_.operand_bytes);
        params.operand = device_pointer<const float>(
            base_ + layout_.operand + std::uint64_t{first} * operand_stride_ * sizeof(float));
        params.states = device_pointer<QueryState>(base_ + layout_.states +
                                                   std::uint64_t{first} * sizeof(QueryState));
        params.lists = device_pointer<Candidate>(
            base_ + layout_.lists + std::uint64_t{first} * plan_.list_capacity * sizeof(Candidate));
        params.num_queries = count;
        lane.launch(sweep, grid_x, (count + group - 1) / group, kSweepThreads, 0, params, name);
    }
}

void FlatSearch::launch_tile(Lane& lane, std::uint32_t num_queries, std::uint64_t first_block,
                             std::uint64_t end_block) {
    Device& device = *store_.device();
    const char* name = store_.is_bytes_ ? kernels::kTileU8 : kernels::kTileBf16;
    const CUfunction tile = device.modules().function(name, kTileSharedBytes);
    TileParams params{};
    params.view = input_.view();
    params.filter = input_.filter();
    params.order = plan_.order;
    params.first_block = first_block;
    params.end_block = end_block;
    params.operand = device_pointer<const std::uint16_t>(base_ + layout_.operand_bf16);
    params.states = device_pointer<QueryState>(base_ + layout_.states);
    params.lists = device_pointer<Candidate>(base_ + layout_.lists);
    params.num_queries = num_queries;
    params.list_capacity = plan_.list_capacity;

    const std::uint32_t tiles = (num_queries + kTileQueries - 1) / kTileQueries;
    const std::uint32_t splits = row_splits(device.facts(), tiles, end_block - first_block);
    lane.launch(tile, splits, tiles, kTileThreads, kTileSharedBytes, params, name);
}

void FlatSearch::launch_tile_bytes(Lane& lane, std::uint32_t num_queries, std::uint64_t first_block,
                                   std::uint64_t end_block, bool keeps_all) {
    Device& device = *store_.device();
    const char* name =
        store_.metric_ == SKEP_METRIC_COSINE ? kernels::kTileBytesCosine : kernels::kTileBytes;
    const CUfunction tile = device.modules().function(name, kTileBytesSharedBytes);
    const std::uint32_t query_groups =
        (num_queries + kTileBytesWarpQueries - 1) / kTileBytesWarpQueries;
    TileBytesParams params{};
    params.view = input_.view();
    params.filter = input_.filter();
    params.order = plan_.order;
    params.first_block = first_block;
    params.end_block = end_block;
    params.operand = device_pointer<const std::uint8_t>(base_ + layout_.operand_bytes);
    params.states = device_pointer<QueryState>(base_ + layout_.states);
    params.lists = device_pointer<Candidate>(base_ + layout_.lists);
    params.num_queries = num_queries;
    params.list_capacity = plan_.list_capacity;
    params.query_warps = std::min(kTileBytesWarps, std::bit_ceil(query_groups));
    params.keeps_all = keeps_all ? 1 : 0;
    const std::uint32_t tiles = (query_groups + params.query_warps - 1) / params.query_warps;
    const std::uint32_t splits = row_splits(device.facts(), tiles, end_block - first_block);
    lane.launch(tile, splits, tiles, kTileBytesThreads, kTileBytesSharedBytes, params, name);
}

void FlatSearch::launch_rounds(Lane& lane, std::uint32_t num_queries, const Staged& staged) {
    Device& device = *store_.device();
    const char* select_name = store_.is_bytes_ ? kernels::kSelectU8 : kernels::kSelectF32;
    const CUfunction select =
        device.modules().function(select_name, select_shared_bytes(2 * kMaxDeviceK));
    SelectParams select_params{};
    select_params.view = input_.view();
    select_params.queries = device_pointer<const float>(base_ + layout_.queries);
    select_params.states = device_pointer<QueryState>(base_ + layout_.states);
    select_params.lists = device_pointer<Candidate>(base_ + layout_.lists);
    select_params.slots = staged.slots;
    select_params.distances = staged.distances;
    select_params.statuses = staged.statuses;
    select_params.list_capacity = plan_.list_capacity;
    select_params.k = k_;
    select_params.sort_capacity = plan_.sort_capacity;

    std::uint64_t first_block = 0;
    for (std::size_t round = 0; round < plan_.ends.size(); ++round) {
        const std::uint64_t end_block = plan_.ends[round];
        const bool is_last = round + 1 == plan_.ends.size();
        if (pass_ == Pass::kTileBytes) {
            launch_tile_bytes(lane, num_queries, first_block, end_block, round == 0);
        } else if (round != 0 && pass_ == Pass::kTile) {
            launch_tile(lane, num_queries, first_block, end_block);
        } else {
            launch_sweep(lane, num_queries, first_block, end_block, round == 0);
        }
        select_params.fixed_count =
            round == 0 ? static_cast<std::uint32_t>(end_block * kRowsPerBlock) : 0;
        select_params.is_last = is_last ? 1 : 0;
        lane.launch(select, num_queries, 1,
                    num_queries <= kFewQueries ? kFewQueriesThreads : kManyQueriesThreads,
                    is_last ? select_shared_bytes(plan_.sort_capacity) : 0, select_params,
                    select_name);
        first_block = end_block;
    }
}

FlatSearch::Staged FlatSearch::stage(Lane& lane, std::uint64_t num_queries) const {
    ScratchLayout pieces;
    const std::uint64_t queries = pieces.take(num_queries * input_.query_bytes());
    const std::uint64_t slots = pieces.take(num_queries * k_ * sizeof(std::uint32_t));
    const std::uint64_t distances = pieces.take(num_queries * k_ * sizeof(float));
    const std::uint64_t statuses = pieces.take(num_queries * sizeof(std::uint32_t));
    const std::uint64_t redone = pieces.take(num_queries * sizeof(std::uint32_t));
    std::byte* pinned = lane.pinned(pieces.end());
    return {pinned + queries, reinterpret_cast<std::uint32_t*>(pinned + slots),
            reinterpret_cast<float*>(pinned + distances),
            reinterpret_cast<std::uint32_t*>(pinned + statuses),
            reinterpret_cast<std::uint32_t*>(pinned + redone)};
}

void FlatSearch::launch_encoding(Lane& lane, std::uint32_t num_queries, const Staged& staged) {
    EncodeQueriesParams params{};
    params.source = staged.queries;
    params.has_byte_source = queries_.dtype == SKEP_DTYPE_U8 ? 1 : 0;
    params.queries = device_pointer<float>(base_ + layout_.queries);
    if (multiplies_bytes()) {
        params.operand_bytes = device_pointer<std::uint8_t>(base_ + layout_.operand_bytes);
    } else {
        params.operand = device_pointer<float>(base_ + layout_.operand);
    }
    if (pass_ == Pass::kTile) {
        params.operand_bf16 = device_pointer<std::uint16_t>(base_ + layout_.operand_bf16);
    }
    params.states = device_pointer<QueryState>(base_ + layout_.states);
    params.store_bounds = device_pointer<const StoreBounds>(store_.store_bounds_.pointer());
    params.num_queries = num_queries;
    params.dim = store_.dim_;
    params.operand_stride = operand_stride_;
    params.approx_stride = store_.approx_stride_;
    params.metric = store_.metric_;
    constexpr std::uint32_t kQueriesPerBlock = kEncodeThreads / kPartialSums;
    lane.launch(store_.device()->modules().function(kernels::kEncodeQueries),
                (num_queries + kQueriesPerBlock - 1) / kQueriesPerBlock, 1, kEncodeThreads, 0,
                params, kernels::kEncodeQueries);
}

skep_status FlatSearch::run_tile(Lane& lane, std::uint64_t first_query, std::uint64_t num_queries,
                                 std::uint32_t* slots, float* distances) {
    const Staged staged = stage(lane, num_queries);
    input_.stage_queries(staged.queries, first_query, num_queries);
    launch_encoding(lane, static_cast<std::uint32_t>(num_queries), staged);
    launch_rounds(lane, static_cast<std::uint32_t>(num_queries), staged);
    skep_status stop = lane.wait(call_);
    if (stop != SKEP_OK) return stop;

    std::uint32_t num_redone = 0;
    for (std::uint32_t query = 0; query < num_queries; ++query) {
        if (staged.statuses[query] != kQueryReady) staged.redone[num_redone++] = query;
    }
    if (num_redone != 0) {
        store_.device()->context()->log().write(
            SKEP_LOG_DEBUG, "{} of {} queries pass the filter with more rows than fit: redone",
            num_redone, num_queries);
        stop = redo(lane, num_redone, staged);
        if (stop != SKEP_OK) return stop;
        store_.num_exact_retries_ += num_redone;
    }
    std::memcpy(slots, staged.slots, num_queries * k_ * sizeof(std::uint32_t));
    std::memcpy(distances, staged.distances, num_queries * k_ * sizeof(float));
    return SKEP_OK;
}

skep_status FlatSearch::redo(Lane& lane, std::uint32_t num_redone, const Staged& staged) {
    Device& device = *store_.device();
    const char* scan_name = store_.is_bytes_ ? kernels::kExactScanU8 : kernels::kExactScanF32;
    const CUfunction scan = device.modules().function(scan_name);
    const CUfunction select = device.modules().function(
        kernels::kExactSelect, exact_shared_bytes(exact_sort_capacity(kMaxDeviceK)));
    const std::uint64_t chunk = std::min(kRedoRows, request_.num_slots);
    std::uint64_t group = std::clamp<std::uint64_t>(kRedoKeys / chunk, 1, num_redone);
    ScratchLayout pieces;
    CUdeviceptr scratch = 0;
    std::uint64_t best_keys_at = 0;
    std::uint64_t best_slots_at = 0;
    // Less scratch memory than wished means fewer queries at once, not failure.
    for (;; group = (group + 1) / 2) {
        pieces = ScratchLayout();
        pieces.take(group * chunk * sizeof(std::uint64_t));
        best_keys_at = pieces.take(group * k_ * sizeof(std::uint64_t));
        best_slots_at = pieces.take(group * k_ * sizeof(std::uint32_t));
        try {
            scratch = lane.redo_scratch(pieces.end());
            break;
        } catch (const Error& failure) {
            if (failure.status() != SKEP_OUT_OF_DEVICE_MEMORY || group == 1) throw;
        }
    }

    ExactScanParams scan_params{};
    scan_params.view = input_.view();
    scan_params.filter = input_.filter();
    scan_params.queries = device_pointer<const float>(base_ + layout_.queries);
    scan_params.states = device_pointer<const QueryState>(base_ + layout_.states);
    scan_params.keys = device_pointer<std::uint64_t>(scratch);
    ExactSelectParams select_params{};
    select_params.keys = device_pointer<const std::uint64_t>(scratch);
    select_params.best_keys = device_pointer<std::uint64_t>(scratch + best_keys_at);
    select_params.best_slots = device_pointer<std::uint32_t>(scratch + best_slots_at);
    select_params.slots = staged.slots;
    select_params.distances = staged.distances;
    select_params.k = k_;
    select_params.sort_capacity = exact_sort_capacity(k_);
    for (std::uint64_t done = 0; done < num_redone; done += group) {
        const auto num_now = static_cast<std::uint32_t>(std::min(group, num_redone - done));
        scan_params.query_ids = select_params.query_ids = staged.redone + done;
        for (std::uint64_t first = 0; first < request_.num_slots; first += chunk) {
            // Waits: a stop would otherwise come after all that is queued.
            const skep_status stop = lane.wait(call_);
            if (stop != SKEP_OK) return stop;
            const std::uint64_t count = std::min(chunk, request_.num_slots - first);
            scan_params.first_slot = select_params.first_slot = first;
            scan_params.num_rows = select_params.num_rows = count;
            select_params.is_first = first == 0 ? 1 : 0;
            constexpr std::uint64_t kRowsPerGrid = kExactThreads / kPartialSums;
            const auto grid = static_cast<std::uint32_t>(
                std::min<std::uint64_t>((count + kRowsPerGrid - 1) / kRowsPerGrid,
                                        16ULL * device.facts().num_multiprocessors));
            lane.launch(scan, grid, num_now, kExactThreads, 0, scan_params, scan_name);
            lane.launch(select, num_now, 1, kExactSelectThreads,
                        exact_shared_bytes(select_params.sort_capacity), select_params,
                        kernels::kExactSelect);
        }
    }
    return lane.wait(call_);
}

skep_status FlatStore::search(const skep_matrix& queries, const skep_search_request& request,
                              const Mask* mask, const skep_search_answer& answer,
                              const skep_call* call) const {
    const std::uint64_t num_answers = queries.num_rows * request.k;
    if (num_answers == 0) return SKEP_OK;
    // Everything lands here first: a search that fails or is stopped writes no output.
    std::vector<std::uint32_t> slots(num_answers, kNoSlot);
    std::vector<float> distances(num_answers, std::numeric_limits<float>::infinity());
    if (request.num_slots != 0) {
        const ScopedContext scope(*device_->context(), "store_search");
        skep_status stop = SKEP_OK;
        if (request.k > kMaxDeviceK) {
            stop = run_large_k_search(*this, queries, request, mask, call, slots.data(),
                                      distances.data());
        } else if (is_searched_plainly(request.num_slots)) {
            stop = run_plain_search(*this, queries, request, mask, call, slots.data(),
                                    distances.data());
        } else {
            stop =
                FlatSearch(*this, queries, request, mask, call).run(slots.data(), distances.data());
        }
        if (stop != SKEP_OK) return stop;
    }
    std::memcpy(answer.slots, slots.data(), num_answers * sizeof(std::uint32_t));
    std::memcpy(answer.distances, distances.data(), num_answers * sizeof(float));
    return SKEP_OK;
}

}  // namespace skep::cuda
