// SPDX-License-Identifier: MIT
// tile: scores of many queries against every row on the matrix units, survivors to a list per
// query.
// Source    the usual tiled product (128 x 128 per block, 64 x 32 per warp), fused with the filter:
//           no distance leaves the registers unless its row survives.
// Shapes    operand [num_queries, approx_stride] bf16; rows [num_slots, approx_stride] bf16 or u8.
// Launch    grid (row splits, query tiles), block kTileThreads, kTileSharedBytes of dynamic shared
//           memory; splits stride over the row order.
// Shared    kTileStages stages of two operands [128, 64] bf16, 16-byte pieces swizzled by row % 8.
// Numerics  bf16 products are exact in f32; the sums' error is inside QueryState::error. u8 rows
//           are exact in bf16.
// Limits    sm_80 and later.
// Cost      2 * dim FLOP per distance; 32 KiB from the second-level cache per 128 x 128 x 64
//           products.
// Checked   tests/unit/plugins/cuda/flat_search_test.cpp, tests/cross_backend
#pragma once

#include "filter.cuh"
#include "tensor.cuh"
#include "tile_params.h"

namespace skep::cuda {

constexpr uint32_t kPieceElements = 8;                     // of 16 bytes, as bf16
constexpr uint32_t kPieces = kTileChunk / kPieceElements;  // per line of a stage
constexpr uint32_t kWarpQueryTiles = 4;                    // 64 queries by 16
constexpr uint32_t kWarpRowTiles = 4;                      // 32 rows by 8
constexpr uint32_t kOperandSteps = kRowsPerBlock * kPieces / kTileThreads;

SKEP_DEVICE uint8_t* piece_at(uint8_t* operand, uint32_t line, uint32_t piece) {
    return operand + line * (kTileChunk * 2) + (piece ^ (line % kPieces)) * 16;
}

// Copies [128, 64] elements, those past the ends as zeros.
SKEP_DEVICE void copy_bf16(uint8_t* target, const uint16_t* source, uint64_t first_line,
                           uint64_t num_lines, uint32_t stride, uint32_t chunk) {
#pragma unroll
    for (uint32_t step = 0; step < kOperandSteps; ++step) {
        const uint32_t id = thread_index() + step * kTileThreads;
        const uint32_t line = id / kPieces;
        const uint32_t piece = id % kPieces;
        const uint32_t column = chunk + piece * kPieceElements;
        const bool is_inside = first_line + line < num_lines && column < stride;
        const uint16_t* from = is_inside ? source + (first_line + line) * stride + column : source;
        copy_async(piece_at(target, line, piece), from, !is_inside);
    }
}

// Rows on their way to a stage: asynchronous copies for bf16; for bytes, registers that are widened
// after the products of another stage have hidden the wait.
template <typename Approx>
struct RowLoader;
template <>
struct RowLoader<uint16_t> {
    SKEP_DEVICE_MEMBER void begin(uint8_t* target, const uint16_t* rows, uint64_t first_row,
                                  uint64_t num_rows, uint32_t stride, uint32_t chunk) {
        copy_bf16(target, rows, first_row, num_rows, stride, chunk);
    }
    SKEP_DEVICE_MEMBER void finish() {}
};
template <>
struct RowLoader<uint8_t> {
    static constexpr uint32_t kSteps = kOperandSteps / 2;
    Words4 words[kSteps];
    uint8_t* operand = nullptr;

    SKEP_DEVICE_MEMBER void begin(uint8_t* target, const uint8_t* rows, uint64_t first_row,
                                  uint64_t num_rows, uint32_t stride, uint32_t chunk) {
        operand = target;
#pragma unroll
        for (uint32_t step = 0; step < kSteps; ++step) {
            const uint32_t id = thread_index() + step * kTileThreads;
            const uint32_t line = id / (kPieces / 2);
            const uint32_t column = chunk + id % (kPieces / 2) * 16;
            const bool is_inside = first_row + line < num_rows && column < stride;
            words[step] =
                is_inside
                    ? load_streaming((const Words4*)(rows + (first_row + line) * stride + column))
                    : Words4{0, 0, 0, 0};
        }
    }
    // bf16 of two bytes side by side: the float of a small integer has 16 zero bits below.
    static SKEP_DEVICE_MEMBER uint32_t widen(uint32_t low, uint32_t high) {
        return (bits_of_float((float)low) >> 16) | (bits_of_float((float)high) & 0xFFFF0000U);
    }
    static SKEP_DEVICE_MEMBER Words4 widen_half(uint32_t first, uint32_t second) {
        return Words4{widen(first & 0xFFU, (first >> 8) & 0xFFU),
                      widen((first >> 16) & 0xFFU, first >> 24),
                      widen(second & 0xFFU, (second >> 8) & 0xFFU),
                      widen((second >> 16) & 0xFFU, second >> 24)};
    }
    SKEP_DEVICE_MEMBER void finish() {
        if (operand == nullptr) return;
#pragma unroll
        for (uint32_t step = 0; step < kSteps; ++step) {
            const uint32_t id = thread_index() + step * kTileThreads;
            const uint32_t line = id / (kPieces / 2);
            const uint32_t piece = id % (kPieces / 2) * 2;
            *(Words4*)piece_at(operand, line, piece) = widen_half(words[step][0], words[step][1]);
            *(Words4*)piece_at(operand, line, piece + 1) =
                widen_half(words[step][2], words[step][3]);
        }
        operand = nullptr;
    }
};

// One stage: 64 queries x 32 rows per warp, four steps of 16 elements.
SKEP_DEVICE void multiply_stage(float (&sums)[kWarpQueryTiles][kWarpRowTiles][4], uint8_t* queries,
                                uint8_t* rows, uint32_t warp_query, uint32_t warp_row,
                                uint32_t lane) {
#pragma unroll
    for (uint32_t step = 0; step < kTileChunk / 16; ++step) {
        uint32_t b[kWarpRowTiles / 2][4];
#pragma unroll
        for (uint32_t pair = 0; pair < kWarpRowTiles / 2; ++pair) {
            const uint32_t line = warp_row + pair * 16 + lane % 8 + lane / 16 * 8;
            load_matrices(b[pair], piece_at(rows, line, step * 2 + lane / 8 % 2));
        }
#pragma unroll
        for (uint32_t m = 0; m < kWarpQueryTiles; ++m) {
            uint32_t a[4];
            const uint32_t line = warp_query + m * 16 + lane % 16;
            load_matrices(a, piece_at(queries, line, step * 2 + lane / 16));
#pragma unroll
            for (uint32_t n = 0; n < kWarpRowTiles; ++n) {
                multiply_add(sums[m][n], a, b[n / 2][n % 2 * 2], b[n / 2][n % 2 * 2 + 1]);
            }
        }
    }
}

// Judges and clears the sums of one block of rows.
template <typename Approx>
SKEP_DEVICE void judge_tile(const TileParams& params, const QueryFilter* filters,
                            float (&sums)[kWarpQueryTiles][kWarpRowTiles][4], uint32_t first_query,
                            uint64_t first_row, uint32_t warp_query, uint32_t warp_row,
                            uint32_t lane) {
    const bool is_scaled = sizeof(Approx) == 1 && params.view.metric == kCosine;
    RowBounds bounds[kWarpRowTiles][2];
#pragma unroll
    for (uint32_t n = 0; n < kWarpRowTiles; ++n) {
#pragma unroll
        for (uint32_t side = 0; side < 2; ++side) {
            const uint64_t row = first_row + warp_row + n * 8 + lane % 4 * 2 + side;
            bounds[n][side] = params.view.bounds[row < params.filter.num_slots ? row : 0];
        }
    }
#pragma unroll
    for (uint32_t m = 0; m < kWarpQueryTiles; ++m) {
#pragma unroll
        for (uint32_t half = 0; half < 2; ++half) {
            const uint32_t query = warp_query + m * 16 + half * 8 + lane / 4;
            const QueryFilter filter = filters[query];
            bool has_survivor = false;
#pragma unroll
            for (uint32_t i = 0; i < kWarpRowTiles * 2; ++i) {
                has_survivor |=
                    survives(filter, bounds[i / 2][i % 2], sums[m][i / 2][half * 2 + i % 2]);
            }
            // A row without a bound survives even the threshold of a query that is not there.
            if (has_survivor && first_query + query < params.num_queries) {
#pragma unroll
                for (uint32_t i = 0; i < kWarpRowTiles * 2; ++i) {
                    const float dot = sums[m][i / 2][half * 2 + i % 2];
                    const uint64_t row = first_row + warp_row + i / 2 * 8 + lane % 4 * 2 + i % 2;
                    if (!survives(filter, bounds[i / 2][i % 2], dot)) continue;
                    if (!is_candidate(params.filter, row)) continue;
                    const uint64_t query_id = first_query + query;
                    append_candidate(
                        params.states + query_id, params.lists + query_id * params.list_capacity,
                        params.list_capacity,
                        Candidate{list_score(is_scaled, filter, bounds[i / 2][i % 2], dot),
                                  (uint32_t)row});
                }
            }
#pragma unroll
            for (uint32_t i = 0; i < kWarpRowTiles * 2; ++i) {
                sums[m][i / 2][half * 2 + i % 2] = 0.0F;
            }
        }
    }
}

// A walk over (block of rows, chunk of elements), one stage after another.
struct TileCursor {
    uint64_t position;
    uint64_t first_row;
    uint32_t chunk;
};

SKEP_DEVICE TileCursor cursor_at(const TileParams& params, uint64_t position) {
    const bool is_inside = position < params.end_block;
    return TileCursor{position, is_inside ? block_at(params.order, position) * kRowsPerBlock : 0,
                      0};
}

// Whether the step left a block of rows.
SKEP_DEVICE bool advance(const TileParams& params, TileCursor& cursor) {
    cursor.chunk += kTileChunk;
    if (cursor.chunk < params.view.approx_stride) return false;
    cursor = cursor_at(params, cursor.position + num_blocks());
    return true;
}

template <typename Approx>
SKEP_DEVICE void tile(const TileParams& params) {
    SKEP_SHARED QueryFilter filters[kTileQueries];
    uint8_t* stages = dynamic_shared();
    const uint32_t lane = thread_index() % 32;
    const uint32_t warp = thread_index() / 32;
    const uint32_t warp_query = warp / 4 * 64;
    const uint32_t warp_row = warp % 4 * 32;
    const uint32_t first_query = block_index_y() * kTileQueries;
    const Approx* rows = (const Approx*)params.view.approx;

    if (thread_index() < kTileQueries) {
        const uint32_t query = first_query + thread_index();
        filters[thread_index()] = query < params.num_queries
                                      ? query_filter(params.states[query])
                                      : QueryFilter{0.0F, __builtin_inff(), 0.0F};
    }

    TileCursor load = cursor_at(params, params.first_block + block_index());
    TileCursor use = load;
    uint32_t load_stage = 0;
    RowLoader<Approx> loader;
    const auto begin_load = [&] {
        if (load.position < params.end_block) {
            uint8_t* queries_at = stages + load_stage * 2 * kTileOperandBytes;
            copy_bf16(queries_at, params.operand, first_query, params.num_queries,
                      params.view.approx_stride, load.chunk);
            loader.begin(queries_at + kTileOperandBytes, rows, load.first_row,
                         params.filter.num_slots, params.view.approx_stride, load.chunk);
            advance(params, load);
        }
        load_stage = load_stage + 1 == kTileStages ? 0 : load_stage + 1;
        commit_copies();
    };

    // Fill all stages but one.
#pragma unroll
    for (uint32_t stage = 0; stage + 1 < kTileStages; ++stage) {
        begin_load();
        loader.finish();
    }

    float sums[kWarpQueryTiles][kWarpRowTiles][4] = {};
    uint32_t use_stage = 0;
    while (use.position < params.end_block) {
        wait_for_older_copies<1>();
        block_barrier();  // this stage has arrived for all; the one before is read by all
        begin_load();
        uint8_t* queries_at = stages + use_stage * 2 * kTileOperandBytes;
        multiply_stage(sums, queries_at, queries_at + kTileOperandBytes, warp_query, warp_row,
                       lane);
        loader.finish();
        use_stage = use_stage + 1 == kTileStages ? 0 : use_stage + 1;
        const uint64_t first_row = use.first_row;
        if (advance(params, use)) {
            judge_tile<Approx>(params, filters, sums, first_query, first_row, warp_query, warp_row,
                               lane);
        }
    }
}

}  // namespace skep::cuda
