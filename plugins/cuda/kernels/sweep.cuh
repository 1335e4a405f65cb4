// SPDX-License-Identifier: MIT
// sweep: scores of one or eight queries against every row, survivors to a list per query.
// Shapes    codes [num_queries, code_stride]; rows' codes [num_slots, code_stride].
// Launch    grid (row blocks or fewer, groups of queries), block kSweepThreads: 32 groups of 8
//           lanes, 4 rows each; blocks stride over the row order.
// Numerics  sums are exact in 32 bits: see kMaxUnsignedDim. A score is never too low: flat_types.h.
// Cost      reads one byte per element once, one dp4a per four and query: memory-bound for one.
// Checked   tests/unit/plugins/cuda/flat_search_test.cpp, tests/cross_backend
#pragma once

#include "codes.cuh"
#include "sweep_params.h"

namespace skep::cuda {

constexpr uint32_t kRowsPerGroup = 4;

SKEP_DEVICE int32_t sum_over_group(int32_t value) {
    value += (int32_t)shuffle_xor((uint32_t)value, 4);
    value += (int32_t)shuffle_xor((uint32_t)value, 2);
    value += (int32_t)shuffle_xor((uint32_t)value, 1);
    return value;
}

// Exchanges one of two values with the lane across and adds: the half of the pair that this lane is
// to keep. Takes values, not an array: choosing between addresses would put the array in memory.
SKEP_DEVICE int32_t exchange_and_add(bool is_upper, int32_t low, int32_t high, uint32_t lane_mask) {
    const int32_t kept = is_upper ? high : low;
    const int32_t sent = is_upper ? low : high;
    return kept + (int32_t)shuffle_xor((uint32_t)sent, lane_mask);
}

// Sums 8 values over 8 lanes at once: lane q gets the sum of value q. Each step halves both.
SKEP_DEVICE int32_t transpose_sum(const int32_t (&values)[8], uint32_t lane) {
    const bool is_upper4 = (lane & 4U) != 0;
    const int32_t a = exchange_and_add(is_upper4, values[0], values[4], 4);
    const int32_t b = exchange_and_add(is_upper4, values[1], values[5], 4);
    const int32_t c = exchange_and_add(is_upper4, values[2], values[6], 4);
    const int32_t d = exchange_and_add(is_upper4, values[3], values[7], 4);
    const bool is_upper2 = (lane & 2U) != 0;
    const int32_t e = exchange_and_add(is_upper2, a, c, 2);
    const int32_t f = exchange_and_add(is_upper2, b, d, 2);
    return exchange_and_add((lane & 1U) != 0, e, f, 1);
}

// What a lane judges with.
struct SweepJudge {
    QueryState query;
    QueryState* state;
    Candidate* list;
    int32_t threshold;  // integer products
};

// One sum: to the list if its row may be an answer. entry: its place there when all are kept.
template <Codes kCodes>
SKEP_DEVICE void judge_row(const SweepParams& params, const SweepJudge& judge, uint64_t row,
                           uint64_t entry, int32_t sum) {
    const bool is_inside = row < params.filter.num_slots;
    const uint64_t place = is_inside ? row : 0;
    const float half_norm = params.view.half_norms[place];
    float score = 0.0F;
    bool is_kept = false;
    if constexpr (kIsInteger<kCodes>) {
        sum += integer_start(half_norm);
        score = (float)sum;
        is_kept = sum >= judge.threshold;
    } else {
        const RowTerms terms{half_norm, params.view.bounds[place]};
        score = upper_score(scaled_sum<kCodes, false>(sum, terms.bounds.scale), judge.query, terms);
        is_kept = !(score < judge.query.threshold);
    }
    const bool keeps_all = params.keep == kKeepAll;
    if (!keeps_all && !(is_inside && is_kept)) return;
    const bool is_alive = is_inside && is_candidate(params.filter, row);
    const Candidate candidate{score, is_alive ? (uint32_t)row : kNoSlot};
    if (keeps_all) {
        judge.list[entry] = candidate;
    } else if (is_alive) {
        append_candidate(judge.state, judge.list, params.list_capacity, candidate);
    }
}

// One sum of a sample: its score, marked; -infinity where the row is no bound for others.
template <Codes kCodes>
SKEP_DEVICE float sampled_score(const SweepParams& params, const SweepJudge& judge, uint64_t row,
                                int32_t sum) {
    if (!is_candidate(params.filter, row)) return -kInfinity;
    const float half_norm = params.view.half_norms[row];
    if (half_norm == -kInfinity) return -kInfinity;
    float score = 0.0F;
    if constexpr (kIsInteger<kCodes>) {
        score = (float)(sum + integer_start(half_norm));
    } else {
        score = central_score(scaled_sum<kCodes, false>(sum, params.view.bounds[row].scale),
                              judge.query.scale, half_norm);
    }
    return mark_line(score, (uint32_t)(row % kRowsPerBlock));
}

// Stores the best of a block of rows for each query, from what each thread found. All threads of
// the block call.
template <uint32_t kQueries>
SKEP_DEVICE void store_best_of_block(const SweepParams& params, uint32_t first_query,
                                     uint64_t first_row, uint64_t entry, float best) {
    SKEP_SHARED float of_warps[kSweepThreads / 32][kQueries];
    // Lanes that share a query: all, or those of the same place in their group.
#pragma unroll
    for (uint32_t width = 16; width >= kQueries; width /= 2)
        best = __builtin_fmaxf(best, shuffle_xor(best, width));
    if (thread_index() % 32 < kQueries) {
        of_warps[thread_index() / 32][thread_index() % 32] = best;
    }
    block_barrier();  // every warp's best is there
    const uint32_t query = first_query + thread_index();
    if (thread_index() < kQueries && query < params.num_queries) {
#pragma unroll
        for (uint32_t warp = 0; warp < kSweepThreads / 32; ++warp)
            best = __builtin_fmaxf(best, of_warps[warp][thread_index()]);
        params.lists[(uint64_t)query * params.list_capacity + entry] =
            candidate_of_marked(best, first_row);
    }
    block_barrier();  // all have been read
}

template <Codes kCodes, uint32_t kQueries>
SKEP_DEVICE void sweep(const SweepParams& params) {
    const uint32_t lane = thread_index() % kSweepLanes;
    const uint32_t group = thread_index() / kSweepLanes;
    const uint32_t first_query = block_index_y() * kQueries;
    const uint32_t stride = params.view.code_stride;

    // With eight queries lane q judges query q; with one, lane r judges row r.
    const uint32_t own_id = first_query + (kQueries == 1 ? 0 : lane);
    const bool has_own_query = own_id < params.num_queries;
    const uint32_t own_query = has_own_query ? own_id : first_query;
    SweepJudge judge;
    judge.query = params.states[own_query];
    judge.state = params.states + own_query;
    judge.list = params.lists + (uint64_t)own_query * params.list_capacity;
    judge.threshold = integer_threshold(judge.query.threshold);

    const uint8_t* operands[kQueries];
#pragma unroll
    for (uint32_t q = 0; q < kQueries; ++q) {
        const uint32_t query = first_query + q < params.num_queries ? first_query + q : first_query;
        operands[q] = params.codes + (uint64_t)query * stride;
    }

#pragma unroll 1
    for (uint64_t position = params.first_block + block_index(); position < params.end_block;
         position += num_blocks()) {
        const uint64_t first_row =
            block_at(params.order, position) * kRowsPerBlock + group * kRowsPerGroup;
        // Rows past the end read row 0 and are dropped by the judge.
        int32_t sums[kRowsPerGroup][kQueries] = {};
        const uint8_t* lines[kRowsPerGroup];
#pragma unroll
        for (uint32_t r = 0; r < kRowsPerGroup; ++r) {
            const uint64_t row = first_row + r < params.filter.num_slots ? first_row + r : 0;
            lines[r] = params.view.codes + row * stride;
        }
#pragma unroll 1
        for (uint32_t column = lane * 16; column < stride; column += kSweepLanes * 16) {
            Words4 pieces[kRowsPerGroup];
#pragma unroll
            for (uint32_t r = 0; r < kRowsPerGroup; ++r)
                pieces[r] = load_streaming((const Words4*)(lines[r] + column));
#pragma unroll
            for (uint32_t q = 0; q < kQueries; ++q) {
                const Words4 wanted = *(const Words4*)(operands[q] + column);
#pragma unroll
                for (uint32_t r = 0; r < kRowsPerGroup; ++r) {
#pragma unroll
                    for (uint32_t i = 0; i < 4; ++i) {
                        sums[r][q] = dot_product<kHasSignedQueries<kCodes>, kHasSignedRows<kCodes>>(
                            wanted[i], pieces[r][i], sums[r][q]);
                    }
                }
            }
        }

        // With one query lane r keeps the sum of row r, and one step does.
        int32_t own_sums[kRowsPerGroup] = {};
#pragma unroll
        for (uint32_t r = 0; r < kRowsPerGroup; ++r) {
            if constexpr (kQueries == 1) {
                const int32_t sum = sum_over_group(sums[r][0]);
                if (lane == r) own_sums[0] = sum;
            } else {
                own_sums[r] = transpose_sum(sums[r], lane);
            }
        }
        constexpr uint32_t kSteps = kQueries == 1 ? 1 : kRowsPerGroup;
        const bool has_work = has_own_query && (kQueries != 1 || lane < kRowsPerGroup);
        const uint64_t entry = position - params.first_block;
        if (params.keep == kKeepBest) {
            float best = -kInfinity;
#pragma unroll
            for (uint32_t step = 0; step < kSteps; ++step) {
                if (!has_work) continue;
                const uint32_t r = kQueries == 1 ? lane : step;
                best = __builtin_fmaxf(
                    best, sampled_score<kCodes>(params, judge, first_row + r, own_sums[step]));
            }
            store_best_of_block<kQueries>(params, first_query, first_row - group * kRowsPerGroup,
                                          entry, best);
            continue;
        }
#pragma unroll
        for (uint32_t step = 0; step < kSteps; ++step) {
            const uint32_t r = kQueries == 1 ? lane : step;
            if (has_work) {
                judge_row<kCodes>(params, judge, first_row + r,
                                  entry * kRowsPerBlock + group * kRowsPerGroup + r,
                                  own_sums[step]);
            }
        }
    }
}

}  // namespace skep::cuda
