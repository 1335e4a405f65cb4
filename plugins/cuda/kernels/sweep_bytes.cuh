// SPDX-License-Identifier: MIT
// sweep_bytes: scores of one byte query against every byte row, in integers, survivors to a list.
// Shapes    rows [num_slots, approx_stride] u8; operand_bytes [num_queries, approx_stride].
// Launch    grid (row blocks or fewer, queries), block kSweepThreads: 32 groups of 8 lanes, 4 rows
//           each; blocks stride over the row order.
// Numerics  exact: sums of products of bytes below 2^32. Half norms are rounded down, so a score is
//           never too low.
// Cost      reads one byte per element once, one dp4a per four: memory-bound.
// Checked   tests/unit/plugins/cuda/flat_search_test.cpp, tests/cross_backend
#pragma once

#include "byte_filter.cuh"
#include "sweep_params.h"

namespace skep::cuda {

constexpr uint32_t kByteRowsPerGroup = 4;

SKEP_DEVICE uint32_t sum_over_group(uint32_t value) {
    value += shuffle_xor(value, 4);
    value += shuffle_xor(value, 2);
    value += shuffle_xor(value, 1);
    return value;
}

// One row's product: to the list if the row may be an answer. entry: its place there when all are
// kept.
template <bool kIsScaled>
SKEP_DEVICE void judge_row(const SweepParams& params, int32_t threshold, const QueryFilter& filter,
                           uint32_t query, uint64_t row, uint64_t entry, uint32_t dot) {
    const bool is_inside = row < params.filter.num_slots;
    const RowBounds bounds = params.view.bounds[is_inside ? row : 0];
    const int32_t sum = (int32_t)dot + integer_start(bounds);
    const bool keeps_all = params.keeps_all != 0;
    if (!keeps_all && !(is_inside && reaches<kIsScaled>(sum, threshold, filter, bounds))) return;
    const bool is_alive = is_inside && is_candidate(params.filter, row);
    const Candidate candidate{byte_score<kIsScaled>(sum, params.states[query], bounds),
                              is_alive ? (uint32_t)row : kNoSlot};
    Candidate* list = params.lists + (uint64_t)query * params.list_capacity;
    if (keeps_all) {
        list[entry] = candidate;
    } else if (is_alive) {
        append_candidate(params.states + query, list, params.list_capacity, candidate);
    }
}

template <bool kIsScaled>
SKEP_DEVICE void sweep_bytes(const SweepParams& params) {
    const uint32_t lane = thread_index() % kSweepLanes;
    const uint32_t group = thread_index() / kSweepLanes;
    const uint32_t query = block_index_y();
    const uint32_t stride = params.view.approx_stride;
    const uint8_t* rows = (const uint8_t*)params.view.approx;
    const uint8_t* operand = params.operand_bytes + (uint64_t)query * stride;
    const int32_t threshold = integer_threshold(params.states[query].threshold);
    QueryFilter filter{};
    if constexpr (kIsScaled) filter = lengthened_filter(params.states[query]);

#pragma unroll 1
    for (uint64_t position = params.first_block + block_index(); position < params.end_block;
         position += num_blocks()) {
        const uint64_t first_row =
            block_at(params.order, position) * kRowsPerBlock + group * kByteRowsPerGroup;
        // Rows past the end read row 0 and are dropped by the judge.
        uint32_t sums[kByteRowsPerGroup] = {};
        const uint8_t* lines[kByteRowsPerGroup];
#pragma unroll
        for (uint32_t r = 0; r < kByteRowsPerGroup; ++r) {
            const uint64_t row = first_row + r < params.filter.num_slots ? first_row + r : 0;
            lines[r] = rows + row * stride;
        }
#pragma unroll 1
        for (uint32_t column = lane * 16; column < stride; column += kSweepLanes * 16) {
            Words4 pieces[kByteRowsPerGroup];
#pragma unroll
            for (uint32_t r = 0; r < kByteRowsPerGroup; ++r)
                pieces[r] = load_streaming((const Words4*)(lines[r] + column));
            const Words4 wanted = *(const Words4*)(operand + column);
#pragma unroll
            for (uint32_t r = 0; r < kByteRowsPerGroup; ++r) {
#pragma unroll
                for (uint32_t i = 0; i < 4; ++i)
                    sums[r] = dot_product_of_bytes(pieces[r][i], wanted[i], sums[r]);
            }
        }
        // Lane r judges row r.
        uint32_t own_sum = 0;
#pragma unroll
        for (uint32_t r = 0; r < kByteRowsPerGroup; ++r) {
            const uint32_t sum = sum_over_group(sums[r]);
            if (lane == r) own_sum = sum;
        }
        if (lane < kByteRowsPerGroup) {
            judge_row<kIsScaled>(
                params, threshold, filter, query, first_row + lane,
                (position - params.first_block) * kRowsPerBlock + group * kByteRowsPerGroup + lane,
                own_sum);
        }
    }
}

}  // namespace skep::cuda
