// SPDX-License-Identifier: MIT
// tile_bytes: scores of many byte queries against every byte row on the matrix units, in integers,
// survivors to a list per query.
// Source    the product with one operand stationary: a warp keeps 64 queries in registers, rows
//           stream through shared memory; sums begin at minus half the row's squared length, so
//           that a distance costs one comparison.
// Shapes    operand [num_queries, approx_stride] u8; rows [num_slots, approx_stride] u8.
// Launch    grid (row splits, groups of query_warps * 64 queries), blocks of kTileBytesThreads,
//           kTileBytesSharedBytes of dynamic shared memory; splits stride over the row order.
// Shared    kTileBytesStages stages of 128 rows, 16-byte pieces swizzled by row % 8, and bounds.
// Numerics  exact: a product of 128 bytes is below 2^24. Half norms are rounded down, so a score is
//           never too low.
// Limits    sm_80 and later; dim at most kTileBytesMaxDim.
// Cost      2 * 128 operations per distance; 17 KiB from the second-level cache per 128 rows.
// Checked   tests/unit/plugins/cuda/flat_search_test.cpp, tests/cross_backend
#pragma once

#include "byte_filter.cuh"
#include "tensor.cuh"
#include "tile_bytes_params.h"

namespace skep::cuda {

constexpr uint32_t kBytePieces = kTileBytesMaxDim / 16;  // of a row
constexpr uint32_t kByteSteps = kTileBytesMaxDim / 32;   // of a product
constexpr uint32_t kByteQueryTiles = kTileBytesWarpQueries / 16;
constexpr uint32_t kByteRowTiles = kRowsPerBlock / 8;

SKEP_DEVICE uint8_t* byte_piece(uint8_t* rows, uint32_t line, uint32_t piece) {
    return rows + line * kTileBytesMaxDim + (piece ^ (line % 8)) * 16;
}

// What a thread holds of its warp's queries: two of every sixteen.
struct ByteQueries {
    uint32_t elements[kByteQueryTiles][kByteSteps][4];
    int32_t thresholds[kByteQueryTiles][2];
};

SKEP_DEVICE void load_queries(const TileBytesParams& params, uint32_t first_query, uint32_t lane,
                              ByteQueries& queries) {
    const uint32_t stride = params.view.approx_stride;
#pragma unroll
    for (uint32_t m = 0; m < kByteQueryTiles; ++m) {
#pragma unroll
        for (uint32_t half = 0; half < 2; ++half) {
            const uint32_t query = first_query + m * 16 + half * 8 + lane / 4;
            const bool is_there = query < params.num_queries;
            queries.thresholds[m][half] =
                is_there ? integer_threshold(params.states[query].threshold) : kNeverReached;
            const uint8_t* elements = params.operand + (uint64_t)query * stride;
#pragma unroll
            for (uint32_t step = 0; step < kByteSteps; ++step) {
#pragma unroll
                for (uint32_t upper = 0; upper < 2; ++upper) {
                    const uint32_t column = step * 32 + upper * 16 + lane % 4 * 4;
                    queries.elements[m][step][upper * 2 + half] =
                        is_there && column < stride ? *(const uint32_t*)(elements + column) : 0;
                }
            }
        }
    }
}

// Starts the copies of one block of rows and of its bounds.
SKEP_DEVICE void begin_rows(const TileBytesParams& params, uint8_t* stage, uint64_t first_row) {
    const uint8_t* rows = (const uint8_t*)params.view.approx;
    const uint64_t num_slots = params.filter.num_slots;
    const uint32_t stride = params.view.approx_stride;
#pragma unroll
    for (uint32_t step = 0; step < kRowsPerBlock * kBytePieces / kTileBytesThreads; ++step) {
        const uint32_t id = thread_index() + step * kTileBytesThreads;
        const uint32_t line = id / kBytePieces;
        const uint32_t piece = id % kBytePieces;
        const bool is_inside = first_row + line < num_slots && piece * 16 < stride;
        copy_async(byte_piece(stage, line, piece),
                   is_inside ? rows + (first_row + line) * stride + piece * 16 : rows, !is_inside);
    }
    // Two rows' bounds in 16 bytes.
    if (thread_index() < kRowsPerBlock / 2) {
        const uint64_t row = first_row + thread_index() * 2;
        const bool is_inside = row < num_slots;
        copy_async(stage + kTileBytesRowsBytes + thread_index() * 16,
                   params.view.bounds + (is_inside ? row : 0), !is_inside);
    }
}

// What one thread judges with: two rows' bounds and where it stands.
struct ByteRows {
    RowBounds bounds[2];
    uint64_t first_row;    // of the two
    uint64_t first_entry;  // in the list, when all are kept
};

// Sixteen sums of one thread: eight queries, two rows each.
template <bool kIsScaled>
SKEP_DEVICE void judge_bytes(const TileBytesParams& params, const ByteQueries& queries,
                             const QueryFilter (&filters)[kByteQueryTiles][2],
                             const int32_t (&sums)[kByteQueryTiles][4], uint32_t first_query,
                             const ByteRows& rows) {
    bool has_survivor = params.keeps_all != 0;
#pragma unroll
    for (uint32_t m = 0; m < kByteQueryTiles; ++m) {
#pragma unroll
        for (uint32_t i = 0; i < 4; ++i) {
            has_survivor |= reaches<kIsScaled>(sums[m][i], queries.thresholds[m][i / 2],
                                               filters[m][i / 2], rows.bounds[i % 2]);
        }
    }
    if (!has_survivor) return;
#pragma unroll
    for (uint32_t m = 0; m < kByteQueryTiles; ++m) {
#pragma unroll
        for (uint32_t i = 0; i < 4; ++i) {
            const uint64_t row = rows.first_row + i % 2;
            const QueryFilter& filter = filters[m][i / 2];
            const bool is_kept = params.keeps_all != 0 ||
                                 reaches<kIsScaled>(sums[m][i], queries.thresholds[m][i / 2],
                                                    filter, rows.bounds[i % 2]);
            const uint32_t query = first_query + m * 16 + i / 2 * 8;
            if (!is_kept || query >= params.num_queries) continue;
            const bool is_alive = is_candidate(params.filter, row);
            const Candidate candidate{
                byte_score<kIsScaled>(sums[m][i], params.states[query], rows.bounds[i % 2]),
                is_alive ? (uint32_t)row : kNoSlot};
            Candidate* list = params.lists + (uint64_t)query * params.list_capacity;
            if (params.keeps_all != 0) {
                list[rows.first_entry + i % 2] = candidate;
            } else if (is_alive) {
                append_candidate(params.states + query, list, params.list_capacity, candidate);
            }
        }
    }
}

template <bool kIsScaled>
SKEP_DEVICE void tile_bytes(const TileBytesParams& params) {
    uint8_t* stages = dynamic_shared();
    const uint32_t lane = thread_index() % 32;
    const uint32_t warp = thread_index() / 32;
    const uint32_t row_warps = kTileBytesWarps / params.query_warps;
    const uint32_t first_query =
        (block_index_y() * params.query_warps + warp % params.query_warps) * kTileBytesWarpQueries;
    ByteQueries queries;
    load_queries(params, first_query, lane, queries);
    QueryFilter filters[kByteQueryTiles][2] = {};
    if constexpr (kIsScaled) {
#pragma unroll
        for (uint32_t m = 0; m < kByteQueryTiles; ++m) {
#pragma unroll
            for (uint32_t half = 0; half < 2; ++half) {
                const uint32_t query = first_query + m * 16 + half * 8 + lane / 4;
                filters[m][half] = query < params.num_queries
                                       ? lengthened_filter(params.states[query])
                                       : QueryFilter{0.0F, kInfinity, 0.0F};
            }
        }
    }

    uint64_t load_position = params.first_block + block_index();
    uint32_t load_stage = 0;
    const auto begin_load = [&] {
        if (load_position < params.end_block) {
            begin_rows(params, stages + load_stage * kTileBytesStageBytes,
                       block_at(params.order, load_position) * kRowsPerBlock);
        }
        load_position += num_blocks();
        load_stage = (load_stage + 1) % kTileBytesStages;
        commit_copies();
    };
#pragma unroll
    for (uint32_t stage = 0; stage + 1 < kTileBytesStages; ++stage)
        begin_load();

    uint32_t use_stage = 0;
#pragma unroll 1
    for (uint64_t position = params.first_block + block_index(); position < params.end_block;
         position += num_blocks()) {
        wait_for_older_copies<kTileBytesStages - 2>();
        block_barrier();  // this stage has arrived for all; the one before is read by all
        begin_load();
        uint8_t* stage = stages + use_stage * kTileBytesStageBytes;
        use_stage = (use_stage + 1) % kTileBytesStages;
        const RowBounds* bounds = (const RowBounds*)(stage + kTileBytesRowsBytes);
        const uint64_t first_row = block_at(params.order, position) * kRowsPerBlock;
#pragma unroll 1
        for (uint32_t n = warp / params.query_warps; n < kByteRowTiles; n += row_warps) {
            uint32_t b[kByteSteps / 2][4];
#pragma unroll
            for (uint32_t half = 0; half < kByteSteps / 2; ++half) {
                load_matrices(b[half], byte_piece(stage, n * 8 + lane % 8, half * 4 + lane / 8));
            }
            const uint32_t line = n * 8 + lane % 4 * 2;
            const ByteRows rows{{bounds[line], bounds[line + 1]},
                                first_row + line,
                                (position - params.first_block) * kRowsPerBlock + line};
            const int32_t start[2] = {integer_start(rows.bounds[0]), integer_start(rows.bounds[1])};
            int32_t sums[kByteQueryTiles][4];
#pragma unroll
            for (uint32_t m = 0; m < kByteQueryTiles; ++m) {
#pragma unroll
                for (uint32_t i = 0; i < 4; ++i)
                    sums[m][i] = start[i % 2];
            }
#pragma unroll
            for (uint32_t step = 0; step < kByteSteps; ++step) {
#pragma unroll
                for (uint32_t m = 0; m < kByteQueryTiles; ++m) {
                    multiply_add(sums[m], queries.elements[m][step], b[step / 2][step % 2 * 2],
                                 b[step / 2][step % 2 * 2 + 1]);
                }
            }
            judge_bytes<kIsScaled>(params, queries, filters, sums, first_query + lane / 4, rows);
        }
    }
}

}  // namespace skep::cuda
