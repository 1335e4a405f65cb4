// SPDX-License-Identifier: MIT
// tile_long: scores of many queries against every row on the matrix units, survivors to a list per
// query, for codes of any length.
// Source    the usual tiled product: 256 queries x 128 rows per block, 64 x 64 per warp, fused with
//           the filter: no distance leaves the registers unless its row survives.
// Shapes    codes [num_queries, code_stride]; rows' codes [num_slots, code_stride].
// Launch    grid (row splits, groups of kLongQueries queries), blocks of kTileThreads,
//           kLongSharedBytes of dynamic shared memory; splits stride over the row order.
// Shared    kLongStages stages of 128 bytes of both operands, 16-byte pieces swizzled by
//           line % 8, and the rows' terms with the last piece of their codes.
// Numerics  sums are exact in 32 bits: see kMaxUnsignedDim. A score is never too low: flat_types.h.
// Limits    sm_80 and later.
// Cost      2 * dim operations per distance; 48 KiB from the second-level cache per 256 x 128 x 128
//           products.
// Checked   tests/unit/plugins/cuda/flat_search_test.cpp, tests/cross_backend
#pragma once

#include "tile_cursor.cuh"
#include "tile_judge.cuh"

namespace skep::cuda {

constexpr uint32_t kLongWarpRows = kRowsPerBlock / kLongRowWarps;
constexpr uint32_t kLongRowTiles = kLongWarpRows / 8;

// 64 queries x 64 rows of one warp, by eight rows at a time.
struct WarpSums {
    int32_t sums[kLongRowTiles][kTileQueryTiles][4];
};

SKEP_DEVICE void clear_sums(WarpSums& warp) {
#pragma unroll
    for (uint32_t n = 0; n < kLongRowTiles; ++n) {
#pragma unroll
        for (uint32_t m = 0; m < kTileQueryTiles; ++m) {
#pragma unroll
            for (uint32_t i = 0; i < 4; ++i)
                warp.sums[n][m][i] = 0;
        }
    }
}

template <Codes kCodes>
SKEP_DEVICE void multiply_stage(WarpSums& warp, uint8_t* queries, uint8_t* rows,
                                uint32_t warp_query, uint32_t warp_row) {
    const uint32_t lane = thread_index() % 32;
#pragma unroll
    for (uint32_t step = 0; step < kTileSteps; ++step) {
        uint32_t b[kLongRowTiles / 2][4];
#pragma unroll
        for (uint32_t pair = 0; pair < kLongRowTiles / 2; ++pair) {
            const uint32_t line = warp_row + pair * 16 + lane % 8 + lane / 16 * 8;
            load_matrices(b[pair], tile_piece(rows, line, step * 2 + lane / 8 % 2));
        }
#pragma unroll
        for (uint32_t m = 0; m < kTileQueryTiles; ++m) {
            uint32_t a[4];
            const uint32_t line = warp_query + m * 16 + lane % 16;
            load_matrices(a, tile_piece(queries, line, step * 2 + lane / 16));
#pragma unroll
            for (uint32_t n = 0; n < kLongRowTiles; ++n) {
                multiply_add<kHasSignedQueries<kCodes>, kHasSignedRows<kCodes>>(
                    warp.sums[n][m], a, b[n / 2][n % 2 * 2], b[n / 2][n % 2 * 2 + 1]);
            }
        }
    }
}

// kIsSample: for a first round of kKeepBest. Scores have norms, which are 0 for most metrics: one
// kind of limits keeps the text short.
template <Codes kCodes, bool kIsSample>
SKEP_DEVICE void tile_long(const TileParams& params) {
    uint8_t* stages = dynamic_shared();
    const uint32_t lane = thread_index() % 32;
    const uint32_t warp = thread_index() / 32;
    const uint32_t warp_query = warp / kLongRowWarps * kTileWarpQueries;
    const uint32_t warp_row = warp % kLongRowWarps * kLongWarpRows;
    const uint32_t block_query = block_index_y() * kLongQueries;
    const uint32_t first_query = block_query + warp_query;
    // Warps without queries only help to load.
    const bool has_queries = first_query < params.num_queries;
    QueryLimits<kCodes, kTileQueryTiles> limits;
    load_limits(params, first_query, limits);
    BestScores<kTileQueryTiles> best;
    if constexpr (kIsSample) clear_best(best);
    SurvivorQueue<kCodes, false> queue(params, stages + kLongStages * kLongStageBytes);
    QueryFilter* filters = (QueryFilter*)(stages + kLongStages * kLongStageBytes + kSurvivorsBytes);
    if constexpr (!kIsSample && !kIsInteger<kCodes>) {
        load_filters(params, block_query, kLongQueries, true, filters);
        filters += warp_query;
    }

    TileCursor load = cursor_at(params, params.first_block + block_index());
    TileCursor use = load;
    uint32_t load_stage = 0;
    const auto begin_load = [&] {
        if (load.position < params.end_block) {
            uint8_t* stage = stages + load_stage * kLongStageBytes;
            uint8_t* rows = stage + kLongQueries * kTileLine;
            begin_codes<kLongQueries>(stage, params.codes, block_query, params.num_queries,
                                      params.view.code_stride, load.column);
            begin_codes<kRowsPerBlock>(rows, params.view.codes, load.first_row,
                                       params.filter.num_slots, params.view.code_stride,
                                       load.column);
            if (is_at_last_stage(params, load)) {
                begin_terms<kCodes>(rows + kRowsPerBlock * kTileLine, params.view, load.first_row,
                                    params.filter.num_slots);
            }
            advance(params, load);
        }
        load_stage = (load_stage + 1) % kLongStages;
        commit_copies();
    };
#pragma unroll
    for (uint32_t stage = 0; stage + 1 < kLongStages; ++stage)
        begin_load();

    WarpSums warp_sums;
    clear_sums(warp_sums);
    uint32_t use_stage = 0;
#pragma unroll 1
    while (use.position < params.end_block) {
        wait_for_older_copies<kLongStages - 2>();
        block_barrier();  // this stage has arrived for all; the one before is read by all
        begin_load();
        uint8_t* stage = stages + use_stage * kLongStageBytes;
        uint8_t* rows = stage + kLongQueries * kTileLine;
        use_stage = (use_stage + 1) % kLongStages;
        const bool is_complete = is_at_last_stage(params, use);
        if (has_queries) {
            multiply_stage<kCodes>(warp_sums, stage, rows, warp_query, warp_row);
        }
        if (has_queries && is_complete) {
            const uint8_t* terms = rows + kRowsPerBlock * kTileLine;
            if constexpr (!kIsSample) lower_limits(terms, filters, limits);
#pragma unroll
            for (uint32_t n = 0; n < kLongRowTiles; ++n) {
                const uint32_t line = warp_row + n * 8 + lane % 4 * 2;
                const TileRows two = rows_at(terms, line, use.first_row);
                begin_integers<kCodes>(warp_sums.sums[n], two);
                if constexpr (kIsSample) {
                    keep_best<kCodes, false>(params, limits, warp_sums.sums[n], two, line, best);
                } else {
                    judge_sums<kCodes, false, true>(params, limits, warp_sums.sums[n], first_query,
                                                    two, queue);
                }
            }
            if constexpr (kIsSample) {
                const uint64_t entry =
                    (use.position - params.first_block) * kLongRowWarps + warp % kLongRowWarps;
                store_best(params, first_query, use.first_row, entry, best);
            }
            clear_sums(warp_sums);
        }
        advance(params, use);
    }
    if constexpr (!kIsSample) queue.flush();
}

}  // namespace skep::cuda
