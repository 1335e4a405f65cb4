// SPDX-License-Identifier: MIT
#include "index/flat_search.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
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
#include "kernels/tile_params.h"
#include "skep/common/element_type.hpp"
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
// Blocks of a sweep per multiprocessor, by registers.
constexpr std::uint32_t kNarrowBlocks = 5;
constexpr std::uint32_t kWideBlocks = 2;
constexpr std::uint32_t kMaxGridY = 65535;
// Queries, and their lists, that are tried again together.
constexpr std::uint32_t kMostRetried = 512;
constexpr std::uint32_t kLeastRetried = 32;
constexpr std::uint32_t kRetryList = 1U << 17;

// A request whose slots before first_slot are left out by its bitmap: they are few searches, while
// rows are being linked, and kernels know bitmaps.
class SlotsFrom {
  public:
    explicit SlotsFrom(const skep_search_request& request)
        : request_(request), words_((request.num_slots + 63) / 64) {
        for (std::uint64_t slot = request.first_slot; slot < request.num_slots;) {
            const std::uint64_t word = slot / 64;
            words_[word] = ~std::uint64_t{0} << (slot % 64);
            if (request.allowed != nullptr) {
                const bool is_there = word * 64 < request.allowed->num_bits;
                words_[word] &= is_there ? request.allowed->words[word] : 0;
            }
            slot = (word + 1) * 64;
        }
        bitmap_.struct_size = sizeof bitmap_;
        bitmap_.num_bits = request.allowed != nullptr
                               ? std::min(request.allowed->num_bits, request.num_slots)
                               : request.num_slots;
        bitmap_.words = words_.data();
        request_.allowed = &bitmap_;
        request_.first_slot = 0;
    }
    SlotsFrom(const SlotsFrom&) = delete;
    SlotsFrom& operator=(const SlotsFrom&) = delete;
    [[nodiscard]] const skep_search_request& request() const { return request_; }

  private:
    skep_search_request request_;
    skep_bitmap bitmap_{};
    std::vector<std::uint64_t> words_;
};

}  // namespace

FlatSearch::FlatSearch(const FlatStore& store, const skep_matrix& queries,
                       const skep_search_request& request, const Mask* mask, const skep_call* call)
    : store_(store),
      queries_(queries),
      request_(request),
      call_(call),
      input_(store, queries, request, mask),
      k_(static_cast<std::uint32_t>(request.k)),
      tiles_(*store.device(), store.code_stride_),
      is_tiled_(tiles_.are_there() &&
                store.pass_choice_.choose(queries.num_rows, request.num_slots,
                                          tiles_.likely_swept()) == Pass::kTile),
      plan_(plan_search(request.num_slots, queries.num_rows, store.dim_, k_, is_tiled_)) {
}

FlatSearch::Layout FlatSearch::layout_of(std::uint64_t num_queries, std::uint32_t list_capacity,
                                         std::uint32_t sort_capacity) const {
    Layout layout{};
    layout.list_capacity = list_capacity;
    layout.sort_capacity = sort_capacity;
    ScratchLayout pieces;
    // The bitmap first: it stays where it is whatever the queries.
    layout.allowed = pieces.take(input_.allowed_bytes());
    layout.queries = pieces.take(num_queries * store_.dim_ * sizeof(float));
    layout.codes = pieces.take(num_queries * store_.code_stride_);
    layout.lists = pieces.take(num_queries * list_capacity * sizeof(Candidate));
    layout.states = pieces.take(num_queries * sizeof(QueryState));
    layout.end = pieces.end();
    return layout;
}

skep_status FlatSearch::run(std::uint32_t* slots, float* distances) {
    const LanePool::Lease lane = store_.device()->lanes().acquire();
    // Less scratch memory than wished means smaller tiles, not failure.
    for (;;) {
        layout_ = layout_of(plan_.tile_queries, plan_.list_capacity, plan_.sort_capacity);
        try {
            base_ = lane->scratch(std::max(layout_.end, retry_layout().end));
            break;
        } catch (const Error& failure) {
            if (failure.status() != SKEP_OUT_OF_DEVICE_MEMORY || plan_.tile_queries == 1) throw;
            plan_.tile_queries = (plan_.tile_queries + 1) / 2;
        }
    }
    input_.send_allowed(*lane, base_ + layout_.allowed);
    const auto begin = std::chrono::steady_clock::now();
    const std::uint64_t wave = std::max<std::uint64_t>(kWaveQueries, plan_.tile_queries);
    for (std::uint64_t first = 0; first < queries_.num_rows; first += wave) {
        const skep_status stop =
            run_wave(*lane, first, std::min(queries_.num_rows, first + wave), slots, distances);
        if (stop != SKEP_OK) return stop;
    }
    if (tiles_.are_there()) {
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
        store_.pass_choice_.record(is_tiled_ ? Pass::kTile : Pass::kSweep, queries_.num_rows,
                                   request_.num_slots, took.count());
    }
    return SKEP_OK;
}

FlatSearch::StagedLayout FlatSearch::staged_layout(std::uint64_t num_queries) const {
    StagedLayout layout{};
    ScratchLayout pieces;
    layout.queries = pieces.take(num_queries * input_.query_bytes());
    layout.slots = pieces.take(num_queries * k_ * sizeof(std::uint32_t));
    layout.distances = pieces.take(num_queries * k_ * sizeof(float));
    layout.statuses = pieces.take(num_queries * sizeof(std::uint32_t));
    layout.thresholds = pieces.take(num_queries * sizeof(float));
    layout.ids = pieces.take(num_queries * sizeof(std::uint32_t));
    layout.end = pieces.end();
    return layout;
}

FlatSearch::Tile FlatSearch::tile_at(std::byte* pinned, std::uint64_t first_query,
                                     std::uint64_t num_queries) const {
    const StagedLayout layout = staged_layout(num_queries);
    Tile tile{};
    tile.first_query = first_query;
    tile.num_queries = static_cast<std::uint32_t>(num_queries);
    tile.queries = pinned + layout.queries;
    tile.slots = reinterpret_cast<std::uint32_t*>(pinned + layout.slots);
    tile.distances = reinterpret_cast<float*>(pinned + layout.distances);
    tile.statuses = reinterpret_cast<std::uint32_t*>(pinned + layout.statuses);
    tile.thresholds = reinterpret_cast<float*>(pinned + layout.thresholds);
    tile.ids = reinterpret_cast<std::uint32_t*>(pinned + layout.ids);
    return tile;
}

skep_status FlatSearch::run_wave(Lane& lane, std::uint64_t first_query, std::uint64_t end_query,
                                 std::uint32_t* slots, float* distances) {
    const std::uint64_t tile_bytes = staged_layout(plan_.tile_queries).end;
    const std::uint64_t num_tiles =
        (end_query - first_query + plan_.tile_queries - 1) / plan_.tile_queries;
    std::byte* pinned = lane.pinned(num_tiles * tile_bytes + staged_layout(retry_queries()).end);
    std::vector<Tile> tiles;
    // The device works on one tile while the host stages the next.
    for (std::uint64_t first = first_query; first < end_query; first += plan_.tile_queries) {
        if (call_ != nullptr) {
            const skep_status stop = call_->poll(call_->context, first, queries_.num_rows);
            if (stop != SKEP_OK) return stop;
        }
        const std::uint64_t count = std::min<std::uint64_t>(plan_.tile_queries, end_query - first);
        Tile& tile = tiles.emplace_back(tile_at(pinned + tiles.size() * tile_bytes, first, count));
        tile.staged = input_.stage(tile.queries, first, count, tiles_.take_unsigned_queries());
        launch_encoding(lane, tile, layout_, nullptr);
        launch_rounds(lane, tile, layout_, plan_.rounds);
    }
    skep_status stop = lane.wait(call_);
    for (Tile& tile : tiles) {
        if (stop != SKEP_OK) return stop;
        stop = complete(lane, tile, pinned + num_tiles * tile_bytes);
    }
    if (stop != SKEP_OK) return stop;
    // Nothing below can fail.
    for (const Tile& tile : tiles) {
        const std::uint64_t num_answers = std::uint64_t{tile.num_queries} * k_;
        const std::uint64_t first_answer = tile.first_query * k_;
        std::memcpy(slots + first_answer, tile.slots, num_answers * sizeof(std::uint32_t));
        std::memcpy(distances + first_answer, tile.distances, num_answers * sizeof(float));
    }
    return SKEP_OK;
}

skep_status FlatSearch::complete(Lane& lane, Tile& tile, std::byte* retry_pinned) {
    const skep_status retried = retry(lane, tile, retry_pinned);
    if (retried != SKEP_OK) return retried;
    std::uint32_t num_redone = 0;
    for (std::uint32_t query = 0; query < tile.num_queries; ++query) {
        if (tile.statuses[query] != kQueryReady) tile.ids[num_redone++] = query;
    }
    if (num_redone != 0) {
        store_.device()->context()->log().write(
            SKEP_LOG_DEBUG, "{} of {} queries pass the filter with more rows than fit: redone",
            num_redone, tile.num_queries);
        // Others have used the scratch memory since.
        launch_encoding(lane, tile, layout_, nullptr);
        const skep_status stop = redo(lane, tile, num_redone);
        if (stop != SKEP_OK) return stop;
        store_.num_exact_retries_ += num_redone;
    }
    return SKEP_OK;
}

std::uint32_t FlatSearch::retry_queries() const {
    const std::uint64_t by_scratch =
        std::uint64_t{plan_.tile_queries} * plan_.list_capacity / kRetryList;
    const std::uint64_t wished = std::clamp<std::uint64_t>(by_scratch, kLeastRetried, kMostRetried);
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(wished, plan_.tile_queries));
}

FlatSearch::Layout FlatSearch::retry_layout() const {
    const auto list_capacity =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(request_.num_slots, kRetryList));
    return layout_of(retry_queries(), list_capacity, 2 * kMaxDeviceK);
}

skep_status FlatSearch::retry(Lane& lane, Tile& tile, std::byte* retry_pinned) {
    const std::uint32_t most = retry_queries();
    const Layout layout = retry_layout();
    const std::uint64_t query_bytes =
        tile.staged.has_bytes ? store_.dim_ : store_.dim_ * sizeof(float);
    const std::vector<Round> all_rows{{0, plan_.order.num_blocks, kKeepReaching}};
    for (std::uint32_t next = 0; next < tile.num_queries;) {
        Tile again = tile_at(retry_pinned, 0, most);
        again.num_queries = 0;
        again.staged = tile.staged;
        for (; next < tile.num_queries && again.num_queries < most; ++next) {
            if (tile.statuses[next] != kQueryOverflowed) continue;
            const std::uint32_t place = again.num_queries++;
            std::memcpy(again.queries + place * query_bytes, tile.queries + next * query_bytes,
                        query_bytes);
            again.thresholds[place] = tile.thresholds[next];
            again.ids[place] = next;
        }
        if (again.num_queries == 0) break;
        launch_encoding(lane, again, layout, again.thresholds);
        launch_rounds(lane, again, layout, all_rows);
        const skep_status stop = lane.wait(call_);
        if (stop != SKEP_OK) return stop;
        for (std::uint32_t place = 0; place < again.num_queries; ++place) {
            const std::uint64_t query = again.ids[place];
            tile.statuses[query] = again.statuses[place];
            std::copy_n(again.slots + std::uint64_t{place} * k_, k_, tile.slots + query * k_);
            std::copy_n(again.distances + std::uint64_t{place} * k_, k_,
                        tile.distances + query * k_);
        }
    }
    return SKEP_OK;
}

const kernels::Products& FlatSearch::products_for(const Tile& tile) const {
    if (tile.staged.codes_are == kByteCodes) return kernels::kBytes;
    if (tile.staged.codes_are == kUnsignedCodes) return kernels::kU8U8;
    return input_.codes_are() == kSignedCodes ? kernels::kS8S8 : kernels::kS8U8;
}

void FlatSearch::launch_encoding(Lane& lane, const Tile& tile, const Layout& layout,
                                 const float* thresholds) {
    EncodeQueriesParams params{};
    params.source = tile.queries;
    params.source_is = tile.staged.source_is;
    params.queries = device_pointer<float>(base_ + layout.queries);
    params.codes = device_pointer<std::uint8_t>(base_ + layout.codes);
    params.states = device_pointer<QueryState>(base_ + layout.states);
    params.thresholds = thresholds;
    params.num_queries = tile.num_queries;
    params.dim = store_.dim_;
    params.code_stride = store_.code_stride_;
    params.metric = store_.metric_;
    params.codes_are = tile.staged.codes_are;
    constexpr std::uint32_t kQueriesPerBlock = kEncodeThreads / kPartialSums;
    lane.launch(store_.device()->modules().function(kernels::kEncodeQueries),
                (tile.num_queries + kQueriesPerBlock - 1) / kQueriesPerBlock, 1, kEncodeThreads, 0,
                params, kernels::kEncodeQueries);
}

std::uint32_t FlatSearch::launch_pass(Lane& lane, const Tile& tile, const Layout& layout,
                                      const Round& round) {
    if (is_tiled_ && round.keep != kKeepAll) return launch_tile(lane, tile, layout, round);
    return launch_sweep(lane, tile, layout, round);
}

std::uint32_t FlatSearch::launch_sweep(Lane& lane, const Tile& tile, const Layout& layout,
                                       const Round& round) {
    Device& device = *store_.device();
    const bool is_wide = tile.num_queries > 1;
    const kernels::Products& products = products_for(tile);
    const char* name = is_wide ? products.sweep_eight : products.sweep_one;
    const CUfunction sweep = device.modules().function(name);
    SweepParams params{};
    params.view = input_.view();
    params.filter = input_.filter();
    params.order = plan_.order;
    params.first_block = round.first_block;
    params.end_block = round.end_block;
    params.list_capacity = layout.list_capacity;
    params.keep = round.keep;
    if (round.keep == kKeepBest) {
        params.end_block = std::min(round.end_block, round.first_block + layout.list_capacity);
    }
    const auto num_row_blocks = static_cast<std::uint32_t>(params.end_block - params.first_block);

    const std::uint32_t group = is_wide ? kSweepQueries : 1;
    const std::uint32_t resident =
        device.facts().num_multiprocessors * (is_wide ? kWideBlocks : kNarrowBlocks);
    const std::uint32_t grid_x = std::min(num_row_blocks, resident);
    for (std::uint32_t first = 0; first < tile.num_queries; first += group * kMaxGridY) {
        const std::uint32_t count = std::min(tile.num_queries - first, group * kMaxGridY);
        params.codes = device_pointer<const std::uint8_t>(
            base_ + layout.codes + std::uint64_t{first} * store_.code_stride_);
        params.states = device_pointer<QueryState>(base_ + layout.states +
                                                   std::uint64_t{first} * sizeof(QueryState));
        params.lists = device_pointer<Candidate>(
            base_ + layout.lists + std::uint64_t{first} * layout.list_capacity * sizeof(Candidate));
        params.num_queries = count;
        lane.launch(sweep, grid_x, (count + group - 1) / group, kSweepThreads, 0, params, name);
    }
    switch (round.keep) {
        case kKeepAll:
            return num_row_blocks * kRowsPerBlock;
        case kKeepBest:
            return num_row_blocks;
        default:
            return 0;
    }
}

std::uint32_t FlatSearch::launch_tile(Lane& lane, const Tile& tile, const Layout& layout,
                                      const Round& round) {
    Device& device = *store_.device();
    const kernels::Products& products = products_for(tile);
    const kernels::TileKind kind = tiles_.kind_for(products);
    const kernels::TileNames& names = products.tiles[static_cast<std::size_t>(kind)];
    const bool is_sample = round.keep == kKeepBest;
    const char* name = is_sample ? names.sample : names.tile;
    std::uint64_t num_row_blocks = round.end_block - round.first_block;
    TileLaunch launch = plan_tile_launch(kind, tile.num_queries, num_row_blocks,
                                         device.facts().num_multiprocessors);
    if (is_sample) {
        num_row_blocks = std::min<std::uint64_t>(num_row_blocks,
                                                 layout.list_capacity / launch.entries_per_block);
        launch.splits = std::min(launch.splits, static_cast<std::uint32_t>(num_row_blocks));
    }
    TileParams params{};
    params.view = input_.view();
    params.filter = input_.filter();
    params.order = plan_.order;
    params.first_block = round.first_block;
    params.end_block = round.first_block + num_row_blocks;
    params.codes = device_pointer<const std::uint8_t>(base_ + layout.codes);
    params.states = device_pointer<QueryState>(base_ + layout.states);
    params.lists = device_pointer<Candidate>(base_ + layout.lists);
    params.num_queries = tile.num_queries;
    params.list_capacity = layout.list_capacity;
    params.query_warps = launch.query_warps;
    const CUfunction kernel = device.modules().function(name, launch.shared_bytes);
    if (kind == kernels::TileKind::kWarpgroup) {
        const WarpgroupParams with_maps = warpgroup_params(*device.context(), params);
        lane.launch(kernel, launch.splits, launch.groups, kTileThreads, launch.shared_bytes,
                    with_maps, name);
    } else {
        lane.launch(kernel, launch.splits, launch.groups, kTileThreads, launch.shared_bytes, params,
                    name);
    }
    return is_sample ? static_cast<std::uint32_t>(num_row_blocks) * launch.entries_per_block : 0;
}

void FlatSearch::launch_rounds(Lane& lane, const Tile& tile, const Layout& layout,
                               const std::vector<Round>& rounds) {
    Device& device = *store_.device();
    const char* select_name = kernels::row_kernels(store_.dtype()).select;
    const CUfunction select =
        device.modules().function(select_name, select_shared_bytes(2 * kMaxDeviceK));
    SelectParams select_params{};
    select_params.view = input_.view();
    select_params.queries = device_pointer<const float>(base_ + layout.queries);
    select_params.states = device_pointer<QueryState>(base_ + layout.states);
    select_params.lists = device_pointer<Candidate>(base_ + layout.lists);
    select_params.slots = tile.slots;
    select_params.distances = tile.distances;
    select_params.statuses = tile.statuses;
    select_params.thresholds = tile.thresholds;
    select_params.list_capacity = layout.list_capacity;
    select_params.k = k_;
    select_params.sort_capacity = layout.sort_capacity;
    // Wide where lists are long, too.
    const bool is_wide = tile.num_queries <= kFewQueries || rounds.front().keep == kKeepReaching;
    const std::uint32_t num_threads = is_wide ? kFewQueriesThreads : kManyQueriesThreads;
    for (const Round& round : rounds) {
        const bool is_last = &round == &rounds.back();
        select_params.fixed_count = launch_pass(lane, tile, layout, round);
        select_params.is_last = is_last ? 1 : 0;
        select_params.drops_list = round.keep == kKeepBest ? 1 : 0;
        lane.launch(select, tile.num_queries, 1, num_threads,
                    is_last ? select_shared_bytes(layout.sort_capacity) : 0, select_params,
                    select_name);
    }
}

skep_status FlatSearch::redo(Lane& lane, const Tile& tile, std::uint32_t num_redone) {
    Device& device = *store_.device();
    const char* scan_name = kernels::row_kernels(store_.dtype()).exact_scan;
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
    select_params.slots = tile.slots;
    select_params.distances = tile.distances;
    select_params.k = k_;
    select_params.sort_capacity = exact_sort_capacity(k_);
    for (std::uint64_t done = 0; done < num_redone; done += group) {
        const auto num_now = static_cast<std::uint32_t>(std::min(group, num_redone - done));
        scan_params.query_ids = select_params.query_ids = tile.ids + done;
        for (std::uint64_t first = 0; first < request_.num_slots; first += chunk) {
            // Waits: a stop would otherwise come after all that is queued.
            const skep_status stop = lane.wait(call_);
            if (stop != SKEP_OK) return stop;
            const std::uint64_t count = std::min(chunk, request_.num_slots - first);
            scan_params.first_slot = select_params.first_slot = first;
            scan_params.num_rows = select_params.num_rows = count;
            select_params.is_first = first == 0 ? 1 : 0;
            const std::uint32_t grid = exact_scan_blocks(count, device.facts().num_multiprocessors);
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
    if (request.first_slot != 0 && request.first_slot < request.num_slots) {
        const SlotsFrom slots(request);
        return search(queries, slots.request(), mask, answer, call);
    }
    if (request.num_slots == request.first_slot) {
        std::fill_n(answer.slots, num_answers, kNoSlot);
        std::fill_n(answer.distances, num_answers, std::numeric_limits<float>::infinity());
        return SKEP_OK;
    }
    const ScopedContext scope(*device_->context(), "store_search");
    const bool is_plain = request.k > kMaxDeviceK || is_searched_plainly(request.num_slots);
    if (!is_plain && queries.num_rows <= FlatSearch::kWaveQueries) {
        return FlatSearch(*this, queries, request, mask, call).run(answer.slots, answer.distances);
    }
    // Everything lands here first: a search that fails or is stopped writes no output.
    std::vector<std::uint32_t> slots(num_answers, kNoSlot);
    std::vector<float> distances(num_answers, std::numeric_limits<float>::infinity());
    skep_status stop = SKEP_OK;
    if (request.k > kMaxDeviceK) {
        stop =
            run_large_k_search(*this, queries, request, mask, call, slots.data(), distances.data());
    } else if (is_plain) {
        stop =
            run_plain_search(*this, queries, request, mask, call, slots.data(), distances.data());
    } else {
        stop = FlatSearch(*this, queries, request, mask, call).run(slots.data(), distances.data());
    }
    if (stop != SKEP_OK) return stop;
    std::memcpy(answer.slots, slots.data(), num_answers * sizeof(std::uint32_t));
    std::memcpy(answer.distances, distances.data(), num_answers * sizeof(float));
    return SKEP_OK;
}

}  // namespace skep::cuda
