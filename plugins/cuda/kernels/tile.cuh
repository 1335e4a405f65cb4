// SPDX-License-Identifier: MIT
// tile: scores of many queries against every row on the matrix units, survivors to a list per
// query, for codes of up to 128 bytes.
// Source    the product with one operand stationary: a warp keeps 64 queries in registers, rows
//           stream through shared memory; a distance costs one comparison (integer products, which
//           begin at minus half the row's squared length) or three operations (scaled ones).
// Shapes    codes [num_queries, code_stride]; rows' codes [num_slots, code_stride].
// Launch    grid (row splits, groups of query_warps * 64 queries), blocks of kTileThreads,
//           kTileSharedBytes of dynamic shared memory; splits stride over the row order.
// Shared    kTileStages stages of 128 rows, 16-byte pieces swizzled by row % 8, and their terms.
// Numerics  sums are exact: of 128 products of unsigned bytes below 2^23, of others below 2^22. A
//           score is never too low: flat_types.h.
// Limits    sm_80 and later; code_stride at most kTileMaxStride.
// Cost      2 * 128 operations per distance; 18 KiB from the second-level cache per 128 rows.
// Checked   tests/unit/plugins/cuda/flat_search_test.cpp, tests/cross_backend
#pragma once

#include "tile_judge.cuh"

namespace skep::cuda {

// A warp's queries: two of every sixteen per thread, as the left operand of the products.
struct StationaryCodes {
    uint32_t elements[kTileQueryTiles][kTileSteps][4];
};

SKEP_DEVICE void load_queries(const TileParams& params, uint32_t first_query,
                              StationaryCodes& codes) {
    const uint32_t lane = thread_index() % 32;
    const uint32_t stride = params.view.code_stride;
#pragma unroll
    for (uint32_t m = 0; m < kTileQueryTiles; ++m) {
#pragma unroll
        for (uint32_t half = 0; half < 2; ++half) {
            const uint32_t query = first_query + m * 16 + half * 8 + lane / 4;
            const uint8_t* elements = params.codes + (uint64_t)query * stride;
#pragma unroll
            for (uint32_t step = 0; step < kTileSteps; ++step) {
#pragma unroll
                for (uint32_t upper = 0; upper < 2; ++upper) {
                    const uint32_t column = step * 32 + upper * 16 + lane % 4 * 4;
                    const bool is_there = query < params.num_queries && column < stride;
                    codes.elements[m][step][upper * 2 + half] =
                        is_there ? *(const uint32_t*)(elements + column) : 0;
                }
            }
        }
    }
}

// kIsSample: for a first round of kKeepBest, which has no thresholds.
template <Codes kCodes, bool kIsSample>
SKEP_DEVICE void tile(const TileParams& params) {
    uint8_t* stages = dynamic_shared();
    const uint32_t lane = thread_index() % 32;
    const uint32_t warp = thread_index() / 32;
    const uint32_t row_warps = kTileWarps / params.query_warps;
    const uint32_t first_query =
        (block_index_y() * params.query_warps + warp % params.query_warps) * kTileWarpQueries;
    StationaryCodes codes;
    load_queries(params, first_query, codes);
    QueryLimits<kCodes, kTileQueryTiles> limits;
    load_limits(params, first_query, limits);
    const uint32_t row_warp = warp / params.query_warps;
    BestScores<kTileQueryTiles> best;
    if constexpr (kIsSample) clear_best(best);
    SurvivorQueue<kCodes, !kIsInteger<kCodes>> queue(params,
                                                     stages + kTileStages * kTileStageBytes);
    const bool has_norms = params.view.metric == kL2;
    QueryFilter* filters = (QueryFilter*)(stages + kTileStages * kTileStageBytes + kSurvivorsBytes);
    if constexpr (!kIsSample && !kIsInteger<kCodes>) {
        const uint32_t num_queries = params.query_warps * kTileWarpQueries;
        load_filters(params, block_index_y() * num_queries, num_queries, has_norms, filters);
        filters += warp % params.query_warps * kTileWarpQueries;
    }

    uint64_t load_position = params.first_block + block_index();
    uint32_t load_stage = 0;
    const auto begin_load = [&] {
        if (load_position < params.end_block) {
            uint8_t* stage = stages + load_stage * kTileStageBytes;
            const uint64_t first_row = block_at(params.order, load_position) * kRowsPerBlock;
            begin_codes<kRowsPerBlock>(stage, params.view.codes, first_row, params.filter.num_slots,
                                       params.view.code_stride, 0);
            begin_terms<kCodes>(stage + kRowsPerBlock * kTileLine, params.view, first_row,
                                params.filter.num_slots);
        }
        load_position += num_blocks();
        load_stage = (load_stage + 1) % kTileStages;
        commit_copies();
    };
#pragma unroll
    for (uint32_t stage = 0; stage + 1 < kTileStages; ++stage)
        begin_load();

    uint32_t use_stage = 0;
#pragma unroll 1
    for (uint64_t position = params.first_block + block_index(); position < params.end_block;
         position += num_blocks()) {
        wait_for_older_copies<kTileStages - 2>();
        block_barrier();  // this stage has arrived for all; the one before is read by all
        begin_load();
        uint8_t* stage = stages + use_stage * kTileStageBytes;
        use_stage = (use_stage + 1) % kTileStages;
        const uint8_t* terms = stage + kRowsPerBlock * kTileLine;
        const uint64_t first_row = block_at(params.order, position) * kRowsPerBlock;
        if constexpr (!kIsSample) lower_limits(terms, filters, limits);
#pragma unroll 1
        for (uint32_t n = row_warp; n < kTileRowTiles; n += row_warps) {
            uint32_t b[kTileSteps / 2][4];
#pragma unroll
            for (uint32_t half = 0; half < kTileSteps / 2; ++half) {
                load_matrices(b[half], tile_piece(stage, n * 8 + lane % 8, half * 4 + lane / 8));
            }
            const TileRows rows = rows_at(terms, n * 8 + lane % 4 * 2, first_row);
            int32_t sums[kTileQueryTiles][4];
#pragma unroll
            for (uint32_t m = 0; m < kTileQueryTiles; ++m) {
#pragma unroll
                for (uint32_t i = 0; i < 4; ++i) {
                    sums[m][i] = kIsInteger<kCodes> ? integer_start(rows.terms[i % 2].half_norm)
                                                    : kSumBegin<kCodes>;
                }
            }
#pragma unroll
            for (uint32_t step = 0; step < kTileSteps; ++step) {
#pragma unroll
                for (uint32_t m = 0; m < kTileQueryTiles; ++m) {
                    multiply_add<kHasSignedQueries<kCodes>, kHasSignedRows<kCodes>>(
                        sums[m], codes.elements[m][step], b[step / 2][step % 2 * 2],
                        b[step / 2][step % 2 * 2 + 1]);
                }
            }
            constexpr bool kHasOffset = !kIsInteger<kCodes>;
            if constexpr (!kIsSample) {
                if (kIsInteger<kCodes> || has_norms) {
                    judge_sums<kCodes, kHasOffset, true>(params, limits, sums, first_query, rows,
                                                         queue);
                } else {
                    judge_sums<kCodes, kHasOffset, false>(params, limits, sums, first_query, rows,
                                                          queue);
                }
            } else {
                keep_best<kCodes, kHasOffset>(params, limits, sums, rows, n * 8 + lane % 4 * 2,
                                              best);
            }
        }
        if constexpr (kIsSample) {
            const uint64_t entry = (position - params.first_block) * row_warps + row_warp;
            store_best(params, first_query, first_row, entry, best);
        }
    }
    if constexpr (!kIsSample) queue.flush();
}

}  // namespace skep::cuda
