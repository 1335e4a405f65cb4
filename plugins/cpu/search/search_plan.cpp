// SPDX-License-Identifier: MIT
#include "search/search_plan.hpp"

#include <algorithm>
#include <cstdint>

namespace skep::cpu {
namespace {

// From so many queries in a block, transposing a panel of rows pays for itself.
constexpr std::uint64_t kPanelQueries = 8;
// Scratch of one block of queries; its tiles, a third of it, fit a usual L2.
constexpr std::uint64_t kBlockBytes = std::uint64_t{4} << 20U;
constexpr std::uint64_t kMaxBlockQueries = 1024;
// Multiply-adds below which another thread costs more than it brings: 20 us or so.
constexpr std::uint64_t kWorkPerTask = std::uint64_t{1} << 20U;
constexpr std::uint64_t kRangeAlignment = 64;

std::uint64_t divide_up(std::uint64_t a, std::uint64_t b) {
    return (a + b - 1) / b;
}

}  // namespace

SearchPlan::SearchPlan(const RowStore& store, const RowTable& table, Arithmetic arithmetic,
                       std::uint64_t query_count, std::uint64_t begin_slot, std::uint64_t end_slot)
    : shape(store, table, arithmetic, query_count >= kPanelQueries),
      float_shape(store, table, Arithmetic::kFloat, query_count >= kPanelQueries),
      num_queries(query_count),
      first_slot(begin_slot),
      num_slots(end_slot - begin_slot) {
    const std::uint64_t workers =
        store.backend().host().num_workers(store.backend().host().context);

    // Blocks of queries: as many as there are workers if each is worth a panel, and no larger than
    // what stays in cache.
    const std::uint64_t bytes_per_query =
        std::max<std::uint64_t>(1, QueryBlock::scratch_bytes(shape, store.dim(), 64) / 64);
    const std::uint64_t largest_block = std::clamp<std::uint64_t>(
        kBlockBytes / bytes_per_query, shape.tile_queries(), kMaxBlockQueries);
    num_blocks = divide_up(num_queries, largest_block);
    const std::uint64_t smallest_block = 4 * shape.tile_queries();
    if (num_blocks < workers && num_queries >= workers * smallest_block) num_blocks = workers;
    queries_per_block = divide_up(num_queries, num_blocks);
    if (shape.uses_panels())
        queries_per_block =
            divide_up(queries_per_block, shape.tile_queries()) * shape.tile_queries();
    num_blocks = divide_up(num_queries, queries_per_block);

    // Ranges of rows: for workers that have no block, where there is work enough.
    const std::uint64_t work_per_slot = std::min(queries_per_block, num_queries) * store.dim();
    const std::uint64_t slots_worth_a_task =
        std::max<std::uint64_t>(1, kWorkPerTask / std::max<std::uint64_t>(1, work_per_slot));
    const std::uint64_t wanted = num_blocks >= workers ? 1 : divide_up(workers, num_blocks);
    num_ranges = std::clamp<std::uint64_t>(num_slots / slots_worth_a_task, 1, wanted);
    slots_per_range =
        std::max(kRangeAlignment,
                 divide_up(divide_up(num_slots, num_ranges), kRangeAlignment) * kRangeAlignment);
    num_ranges = std::max<std::uint64_t>(1, divide_up(num_slots, slots_per_range));
    // Any worker may take any of several tasks; one task runs under id 0.
    num_workers = num_tasks() == 1 ? 1 : static_cast<std::uint32_t>(workers);

    block_bytes = QueryBlock::scratch_bytes(shape, store.dim(), queries_per_block);
    panel_bytes = shape.panel_bytes();
    if (arithmetic != Arithmetic::kCoded) return;
    block_bytes = std::max(block_bytes,
                           QueryBlock::scratch_bytes(float_shape, store.dim(), queries_per_block));
    panel_bytes = std::max(panel_bytes, float_shape.panel_bytes());
}

TaskSpan SearchPlan::task(std::uint64_t task_id) const {
    TaskSpan span{};
    span.first_query = task_id / num_ranges * queries_per_block;
    span.num_queries = std::min(queries_per_block, num_queries - span.first_query);
    span.range = task_id % num_ranges;
    const std::uint64_t offset = span.range * slots_per_range;
    span.first_slot = first_slot + offset;
    span.last_slot = first_slot + std::min(num_slots, offset + slots_per_range);
    return span;
}

}  // namespace skep::cpu
