// SPDX-License-Identifier: MIT
// sweep: scores of one or eight queries against every row, survivors to a list per query.
// Shapes    rows [num_slots, approx_stride] bf16 or u8; operand [num_queries, operand_stride] f32.
// Launch    grid (row blocks or fewer, groups of queries), block kSweepThreads: 32 groups of 8
//           lanes, 4 rows each; blocks stride over the row order.
// Numerics  f32 FMA; its error is inside QueryState::error. Which rows survive may depend on the
//           launch shape, the answer does not.
// Cost      one query: reads 2 (1) bytes per element once: memory-bound. Eight: 1 FMA per element
//           and query, two 16-byte reads of the first-level cache per 32 FMAs.
// Checked   tests/unit/plugins/cuda/flat_search_test.cpp, tests/cross_backend
#pragma once

#include "filter.cuh"
#include "sweep_params.h"

namespace skep::cuda {

constexpr uint32_t kRowsPerGroup = 4;
constexpr uint32_t kElementsPerLane = 8;

// Eight consecutive elements of a row, as they lie in memory.
template <typename Approx>
struct RowPiece;
template <>
struct RowPiece<uint16_t> {
    Words4 words;
    SKEP_DEVICE_MEMBER void load(const uint16_t* source) {
        words = load_streaming((const Words4*)source);
    }
    SKEP_DEVICE_MEMBER void clear() { words = Words4{0, 0, 0, 0}; }
    SKEP_DEVICE_MEMBER float element(uint32_t i) const {
        const uint32_t word = words[i / 2];
        return float_of_bits(i % 2 == 0 ? word << 16 : word & 0xFFFF0000U);
    }
};
template <>
struct RowPiece<uint8_t> {
    Words2 words;
    SKEP_DEVICE_MEMBER void load(const uint8_t* source) {
        words = load_streaming((const Words2*)source);
    }
    SKEP_DEVICE_MEMBER void clear() { words = Words2{0, 0}; }
    SKEP_DEVICE_MEMBER float element(uint32_t i) const {
        return (float)((words[i / 4] >> (8 * (i % 4))) & 0xFFU);
    }
};

SKEP_DEVICE float sum_over_group(float value) {
    value += shuffle_xor(value, 4);
    value += shuffle_xor(value, 2);
    value += shuffle_xor(value, 1);
    return value;
}

// Exchanges one of two values with the lane across and adds: the half of the pair that this lane is
// to keep. Takes values, not an array: choosing between addresses would put the array in memory.
SKEP_DEVICE float exchange_and_add(bool is_upper, float low, float high, uint32_t lane_mask) {
    const float kept = is_upper ? high : low;
    const float sent = is_upper ? low : high;
    return kept + shuffle_xor(sent, lane_mask);
}

// Sums 8 values over 8 lanes at once: lane q gets the sum of value q. Each step halves both.
SKEP_DEVICE float transpose_sum(const float (&values)[8], uint32_t lane) {
    const bool is_upper4 = (lane & 4U) != 0;
    const float a = exchange_and_add(is_upper4, values[0], values[4], 4);
    const float b = exchange_and_add(is_upper4, values[1], values[5], 4);
    const float c = exchange_and_add(is_upper4, values[2], values[6], 4);
    const float d = exchange_and_add(is_upper4, values[3], values[7], 4);
    const bool is_upper2 = (lane & 2U) != 0;
    const float e = exchange_and_add(is_upper2, a, c, 2);
    const float f = exchange_and_add(is_upper2, b, d, 2);
    return exchange_and_add((lane & 1U) != 0, e, f, 1);
}

// One dot product: to the list if its row may be an answer. entry: the list entry when all are
// kept.
template <typename Approx>
SKEP_DEVICE void judge(const SweepParams& params, const QueryFilter& query, QueryState* state,
                       Candidate* list, uint64_t row, uint64_t entry, float dot) {
    const bool is_scaled = sizeof(Approx) == 1 && params.view.metric == kCosine;
    const bool is_inside = row < params.filter.num_slots;
    const RowBounds bounds = params.view.bounds[is_inside ? row : 0];
    const bool is_kept = is_inside && (params.keeps_all != 0 || survives(query, bounds, dot));
    if (!is_kept && params.keeps_all == 0) return;
    const bool is_alive = is_kept && is_candidate(params.filter, row);
    const Candidate candidate{list_score(is_scaled, query, bounds, dot),
                              is_alive ? (uint32_t)row : kNoSlot};
    if (params.keeps_all != 0) {
        list[entry] = candidate;
    } else if (is_alive) {
        append_candidate(state, list, params.list_capacity, candidate);
    }
}

template <typename Approx, uint32_t kQueries>
SKEP_DEVICE void sweep(const SweepParams& params) {
    const uint32_t lane = thread_index() % kSweepLanes;
    const uint32_t group = thread_index() / kSweepLanes;
    const uint32_t first_query = block_index_y() * kQueries;
    const uint32_t approx_stride = params.view.approx_stride;
    const Approx* approx = (const Approx*)params.view.approx;

    // With eight queries lane q judges query q; with one, lane r judges row r.
    const uint32_t own_query_id = first_query + (kQueries == 1 ? 0 : lane);
    const bool has_own_query = own_query_id < params.num_queries;
    const uint32_t own_query_pos = has_own_query ? own_query_id : first_query;
    const QueryFilter own_query = query_filter(params.states[own_query_pos]);
    QueryState* own_state = params.states + own_query_pos;
    Candidate* own_list = params.lists + (uint64_t)own_query_pos * params.list_capacity;

    const float* operand[kQueries];
#pragma unroll
    for (uint32_t q = 0; q < kQueries; ++q) {
        const uint32_t query = first_query + q < params.num_queries ? first_query + q : first_query;
        operand[q] = params.operand + (uint64_t)query * params.operand_stride + lane * 4;
    }

    for (uint64_t position = params.first_block + block_index(); position < params.end_block;
         position += num_blocks()) {
        const uint64_t first_row =
            block_at(params.order, position) * kRowsPerBlock + group * kRowsPerGroup;

        // Score: rows past the end read row 0 and are dropped below.
        float dots[kRowsPerGroup][kQueries] = {};
        const Approx* rows[kRowsPerGroup];
#pragma unroll
        for (uint32_t r = 0; r < kRowsPerGroup; ++r) {
            const uint64_t row = first_row + r < params.filter.num_slots ? first_row + r : 0;
            rows[r] = approx + row * approx_stride + lane * kElementsPerLane;
        }
        for (uint32_t chunk = 0; chunk < params.operand_stride; chunk += kOperandChunk) {
            const bool is_inside = chunk + lane * kElementsPerLane < approx_stride;
            RowPiece<Approx> pieces[kRowsPerGroup];
#pragma unroll
            for (uint32_t r = 0; r < kRowsPerGroup; ++r) {
                if (is_inside) {
                    pieces[r].load(rows[r] + chunk);
                } else {
                    pieces[r].clear();
                }
            }
#pragma unroll
            for (uint32_t q = 0; q < kQueries; ++q) {
                const Floats4 low = *(const Floats4*)(operand[q] + chunk);
                const Floats4 high = *(const Floats4*)(operand[q] + chunk + kSweepLanes * 4);
#pragma unroll
                for (uint32_t r = 0; r < kRowsPerGroup; ++r) {
#pragma unroll
                    for (uint32_t i = 0; i < kElementsPerLane; ++i) {
                        dots[r][q] = fused_multiply_add(i < 4 ? low[i] : high[i - 4],
                                                        pieces[r].element(i), dots[r][q]);
                    }
                }
            }
        }

        // Filter and store. With one query lane r keeps the dot of row r, and one step does.
        float own_dots[kRowsPerGroup] = {};
#pragma unroll
        for (uint32_t r = 0; r < kRowsPerGroup; ++r) {
            if constexpr (kQueries == 1) {
                const float dot = sum_over_group(dots[r][0]);
                if (lane == r) own_dots[0] = dot;
            } else {
                own_dots[r] = transpose_sum(dots[r], lane);
            }
        }
        constexpr uint32_t kSteps = kQueries == 1 ? 1 : kRowsPerGroup;
        const bool has_work = has_own_query && (kQueries != 1 || lane < kRowsPerGroup);
#pragma unroll
        for (uint32_t step = 0; step < kSteps; ++step) {
            const uint32_t r = kQueries == 1 ? lane : step;
            if (has_work) {
                judge<Approx>(
                    params, own_query, own_state, own_list, first_row + r,
                    (position - params.first_block) * kRowsPerBlock + group * kRowsPerGroup + r,
                    own_dots[step]);
            }
        }
    }
}

}  // namespace skep::cuda
