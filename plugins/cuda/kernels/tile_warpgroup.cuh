// SPDX-License-Identifier: MIT
// tile_warpgroup: as tile_long, by the matrix instructions of sm_90a.
// Source    the usual tiled product of that chip: two warpgroups, 128 queries x 128 rows each, both
//           operands in shared memory by bulk copies; the products of one stage run while the next
//           is awaited.
// Shapes    codes [num_queries, code_stride]; rows' codes [num_slots, code_stride].
// Launch    grid (row splits, groups of kWarpgroupQueries queries), blocks of kTileThreads,
//           kWarpgroupSharedBytes of dynamic shared memory; splits stride over the row order.
// Shared    kWarpgroupStages stages of 128 bytes of both operands, swizzled by line % 8 as the
//           instructions expect it; then each stage's terms and barrier, survivors, filters.
// Numerics  as tile_long.
// Limits    sm_90a alone.
// Cost      2 * dim operations per distance; 48 KiB from the second-level cache per 256 x 128 x 128
//           products.
// Checked   tests/unit/plugins/cuda/flat_search_test.cpp, tests/cross_backend
#pragma once

#include "tile_cursor.cuh"
#include "tile_judge.cuh"
#include "warpgroup.cuh"

namespace skep::cuda {

// A warp has 16 lines of each of its warpgroup's two products: 32 neighbouring queries, because the
// lines of a stage lie in the order (product, warp of the block, line).
constexpr uint32_t kWarpgroupThreads = 128;
constexpr uint32_t kWarpgroupWarpQueries = kWarpgroupTiles * kWarpgroupTileQueries;
constexpr uint32_t kProductLines = kTileWarps * kWarpgroupTileQueries;  // of all warps
static_assert(kProductRight == kRowsPerBlock && kTileThreads == 2 * kWarpgroupThreads);

// Begins the products of one stage: 128 bytes of each line.
template <Codes kCodes>
SKEP_DEVICE void begin_stage(WarpgroupSums (&products)[kWarpgroupTiles], const uint8_t* queries,
                             const uint8_t* rows, bool adds) {
    begin_products();
#pragma unroll
    for (uint32_t step = 0; step < kTileSteps; ++step) {
#pragma unroll
        for (uint32_t m = 0; m < kWarpgroupTiles; ++m) {
            multiply_lines<kHasSignedQueries<kCodes>, kHasSignedRows<kCodes>>(
                products[m], queries + m * kProductLines * kTileLine, rows, step * 32,
                adds || step != 0);
        }
    }
    end_products();
}

// Begins the bulk copies of one stage. By one thread.
SKEP_DEVICE void copy_stage(uint8_t* stage, const TensorMap* queries, const TensorMap* rows,
                            uint32_t block_query, const TileCursor& cursor, uint64_t* barrier) {
    expect_bytes(barrier, kWarpgroupStageBytes);
    copy_box(stage, queries, {cursor.column, 0, block_query / kWarpgroupWarpQueries, 0}, barrier);
    copy_box(stage + kWarpgroupQueries * kTileLine, rows,
             {cursor.column, (uint32_t)cursor.first_row}, barrier);
}

// queries, rows: codes, where copy_box can read the maps.
template <Codes kCodes, bool kIsSample>
SKEP_DEVICE void tile_warpgroup(const TileParams& params, const TensorMap* queries,
                                const TensorMap* rows) {
    uint8_t* stages = dynamic_shared();
    uint8_t* all_terms = stages + kWarpgroupStages * kWarpgroupStageBytes;
    uint64_t* barriers = (uint64_t*)(all_terms + kWarpgroupStages * kTileTermsBytes);
    uint8_t* survivors = (uint8_t*)(barriers + kWarpgroupStages);
    const uint32_t group = thread_index() / kWarpgroupThreads;
    const uint32_t warp_query = thread_index() / 32 * kWarpgroupWarpQueries;
    const uint32_t block_query = block_index_y() * kWarpgroupQueries;
    const uint32_t first_query = block_query + warp_query;
    QueryLimits<kCodes, kWarpgroupTiles> limits;
    load_limits(params, first_query, limits);
    BestScores<kWarpgroupTiles> best;
    if constexpr (kIsSample) clear_best(best);
    SurvivorQueue<kCodes, false> queue(params, survivors);
    QueryFilter* filters = (QueryFilter*)(survivors + kSurvivorsBytes);
    if constexpr (!kIsSample && !kIsInteger<kCodes>) {
        load_filters(params, block_query, kWarpgroupQueries, true, filters);
        filters += warp_query;
    }

    if (thread_index() == 0) {
#pragma unroll
        for (uint32_t stage = 0; stage < kWarpgroupStages; ++stage)
            init_byte_barrier(barriers + stage);
    }
    block_barrier();  // barriers are ready

    TileCursor load = cursor_at(params, params.first_block + block_index());
    TileCursor use = load;
    uint32_t load_stage = 0;
    const auto begin_load = [&] {
        if (load.position < params.end_block) {
            if (thread_index() == 0) {
                copy_stage(stages + load_stage * kWarpgroupStageBytes, queries, rows, block_query,
                           load, barriers + load_stage);
            }
            if (is_at_last_stage(params, load)) {
                begin_terms<kCodes>(all_terms + load_stage * kTileTermsBytes, params.view,
                                    load.first_row, params.filter.num_slots);
            }
            advance(params, load);
        }
        load_stage = (load_stage + 1) % kWarpgroupStages;
        commit_copies();
    };
    // One stage is multiplied, one was before, the others are on their way.
    constexpr uint32_t kStagesAhead = kWarpgroupStages - 2;
#pragma unroll
    for (uint32_t stage = 0; stage < kStagesAhead; ++stage)
        begin_load();

    WarpgroupSums products[kWarpgroupTiles] = {};
    uint32_t use_stage = 0;
    uint32_t phase = 0;  // of the barrier of use_stage
#pragma unroll 1
    while (use.position < params.end_block) {
        const uint8_t* terms = all_terms;
#pragma unroll 1
        for (bool is_complete = false; !is_complete;) {
            wait_for_older_copies<kStagesAhead - 1>();
            wait_for_bytes(barriers + use_stage, phase);
            // This stage and its terms have arrived for all, and all are done with the products of
            // the one before the last.
            block_barrier();
            const uint8_t* stage = stages + use_stage * kWarpgroupStageBytes;
            begin_stage<kCodes>(products, stage + group * kProductLeft * kTileLine,
                                stage + kWarpgroupQueries * kTileLine, use.column != 0);
            begin_load();  // while the products run
            wait_for_older_products<1>();
            terms = all_terms + use_stage * kTileTermsBytes;
            use_stage = (use_stage + 1) % kWarpgroupStages;
            if (use_stage == 0) ++phase;
            is_complete = is_at_last_stage(params, use);
            if (!is_complete) use.column += kTileLine;
        }
        wait_for_older_products<0>();
#pragma unroll
        for (uint32_t m = 0; m < kWarpgroupTiles; ++m)
            pin_registers(products[m]);
        if (first_query < params.num_queries) {
            const auto sums_of = [&](uint32_t n, uint32_t m, int32_t(&sums)[4]) {
#pragma unroll
                for (uint32_t i = 0; i < 4; ++i)
                    sums[i] = products[m].sums[n][i];
            };
            if constexpr (kIsSample) {
                keep_best_of_tiles<kCodes, kProductTiles>(params, limits, sums_of, terms, 0,
                                                          use.first_row, best);
                store_best(params, first_query, use.first_row, use.position - params.first_block,
                           best);
            } else {
                lower_limits(terms, filters, limits);
                judge_row_tiles<kCodes, kWarpgroupTiles, kProductTiles>(
                    params, limits, sums_of, first_query, terms, 0, use.first_row, queue);
            }
        }
        use = cursor_at(params, use.position + num_blocks());
    }
    if constexpr (!kIsSample) queue.flush();
}

}  // namespace skep::cuda
