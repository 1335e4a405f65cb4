// SPDX-License-Identifier: MIT
// What the tile kernels share: a block of rows on its way to shared memory, and a warp's queries,
// kQueryTiles times 16 of them, judging the sums of eight rows at a time.
#pragma once

#include "codes.cuh"
#include "tensor.cuh"
#include "tile_params.h"

namespace skep::cuda {

constexpr uint32_t kTilePieces = kTileLine / 16;
constexpr uint32_t kTileSteps = kTileLine / 32;  // of a product
constexpr uint32_t kTileQueryTiles = kTileWarpQueries / 16;
constexpr uint32_t kTileRowTiles = kRowsPerBlock / 8;

// A 16-byte piece of a line in shared memory, swizzled so that eight lines' pieces lie apart.
SKEP_DEVICE uint8_t* tile_piece(uint8_t* lines, uint32_t line, uint32_t piece) {
    return lines + line * kTileLine + (piece ^ (line % 8)) * 16;
}

// Starts the copies of [kNumLines, kTileLine] bytes of codes from `column` on; zeros past the ends.
template <uint32_t kNumLines>
SKEP_DEVICE void begin_codes(uint8_t* target, const uint8_t* codes, uint64_t first_line,
                             uint64_t num_lines, uint32_t stride, uint32_t column) {
#pragma unroll
    for (uint32_t step = 0; step < kNumLines * kTilePieces / kTileThreads; ++step) {
        const uint32_t id = thread_index() + step * kTileThreads;
        const uint32_t line = id / kTilePieces;
        const uint32_t piece = id % kTilePieces;
        const uint32_t at = column + piece * 16;
        const bool is_inside = first_line + line < num_lines && at < stride;
        copy_async(tile_piece(target, line, piece),
                   is_inside ? codes + (first_line + line) * stride + at : codes, !is_inside);
    }
}

// Starts the copies of what a block of rows brings to its scores: half norms, then bounds. Both
// arrays reach past the last row to a whole number of 16 bytes.
template <Codes kCodes>
SKEP_DEVICE void begin_terms(uint8_t* target, const RowsView& view, uint64_t first_row,
                             uint64_t num_slots) {
    constexpr uint32_t kHalfNorms = kRowsPerBlock / 4;
    constexpr uint32_t kBounds = kRowsPerBlock / 2;
    const uint32_t thread = thread_index();
    if (thread < kHalfNorms) {
        const uint64_t row = first_row + thread * 4;
        const bool is_inside = row < num_slots;
        copy_async(target + thread * 16, view.half_norms + (is_inside ? row : 0), !is_inside);
    } else if (!kIsInteger<kCodes> && thread < kHalfNorms + kBounds) {
        const uint64_t row = first_row + (thread - kHalfNorms) * 2;
        const bool is_inside = row < num_slots;
        copy_async(target + thread * 16, view.bounds + (is_inside ? row : 0), !is_inside);
    }
}

SKEP_DEVICE const float* half_norms_of(const uint8_t* terms) {
    return (const float*)terms;
}
SKEP_DEVICE const RowBounds* bounds_of(const uint8_t* terms) {
    return (const RowBounds*)(terms + kRowsPerBlock * sizeof(float));
}

// Two of every sixteen of a warp's queries: what a thread compares its sums with.
template <Codes kCodes, uint32_t kQueryTiles>
struct QueryLimits {
    int32_t integers[kQueryTiles][2];  // integer products
    float limits[kQueryTiles][2];      // scaled products: threshold less the block's error
    float scales[kQueryTiles][2];
};

template <Codes kCodes, uint32_t kQueryTiles>
SKEP_DEVICE void load_limits(const TileParams& params, uint32_t first_query,
                             QueryLimits<kCodes, kQueryTiles>& limits) {
#pragma unroll
    for (uint32_t m = 0; m < kQueryTiles; ++m) {
#pragma unroll
        for (uint32_t half = 0; half < 2; ++half) {
            const uint32_t query = first_query + m * 16 + half * 8 + thread_index() % 32 / 4;
            const bool is_there = query < params.num_queries;
            if constexpr (kIsInteger<kCodes>) {
                limits.integers[m][half] =
                    is_there ? integer_threshold(params.states[query].threshold) : kNeverReached;
            } else {
                limits.scales[m][half] = is_there ? params.states[query].scale : 0.0F;
            }
        }
    }
}

// A query's filter. has_norms: see reaches. Without, what is divided is moved by more than float
// division loses; of queries too small for that, every row survives. Queries that the plain kernels
// answer have an infinite threshold.
SKEP_DEVICE QueryFilter filter_of(const QueryState& query, bool has_norms) {
    QueryFilter filter{query.threshold, query.norm, query.error, query.scale};
    if (has_norms || query.threshold == kInfinity) return filter;
    if (query.scale < 0x1p-100F) return QueryFilter{-kInfinity, 0.0F, 0.0F, query.scale};
    const float quotient = query.threshold / query.scale;
    filter.threshold = quotient - __builtin_fabsf(quotient) * 0x1p-20F - 0x1p-120F;
    filter.per_residual = query.norm / query.scale * (1.0F + 0x1p-20F);
    filter.per_norm = query.error / query.scale * (1.0F + 0x1p-20F);
    return filter;
}

// The filters of num_queries from first_query on, to shared memory; a barrier follows.
SKEP_DEVICE void load_filters(const TileParams& params, uint32_t first_query, uint32_t num_queries,
                              bool has_norms, QueryFilter* filters) {
#pragma unroll 1
    for (uint32_t i = thread_index(); i < num_queries; i += kTileThreads) {
        filters[i] = first_query + i < params.num_queries
                         ? filter_of(params.states[first_query + i], has_norms)
                         : QueryFilter{kInfinity, 0.0F, 0.0F, 0.0F};
    }
}

// Sets the limits of scaled sums for a block of rows: thresholds less the largest error among them.
// filters: of the warp's queries. All lanes of the warp call.
template <Codes kCodes, uint32_t kQueryTiles>
SKEP_DEVICE void lower_limits(const uint8_t* terms, const QueryFilter* filters,
                              QueryLimits<kCodes, kQueryTiles>& limits) {
    if constexpr (kIsInteger<kCodes>) return;
    const uint32_t lane = thread_index() % 32;
    float norm = 0.0F;
    float residual = 0.0F;
#pragma unroll
    for (uint32_t row = 0; row < kRowsPerBlock; row += 32) {
        const RowBounds bounds = bounds_of(terms)[row + lane];
        norm = __builtin_fmaxf(norm, code_norm(bounds));
        residual = __builtin_fmaxf(residual, code_residual(bounds));
    }
#pragma unroll
    for (uint32_t width = 16; width > 0; width /= 2) {
        norm = __builtin_fmaxf(norm, shuffle_xor(norm, width));
        residual = __builtin_fmaxf(residual, shuffle_xor(residual, width));
    }
#pragma unroll
    for (uint32_t m = 0; m < kQueryTiles; ++m) {
#pragma unroll
        for (uint32_t half = 0; half < 2; ++half) {
            const QueryFilter filter = filters[m * 16 + half * 8 + lane / 4];
            limits.limits[m][half] =
                filter.threshold -
                fused_multiply_add(residual, filter.per_residual, norm * filter.per_norm);
        }
    }
}

// Where a thread's two of eight rows stand.
struct TileRows {
    RowTerms terms[2];
    uint64_t first_row;  // of the two
};

SKEP_DEVICE TileRows rows_at(const uint8_t* terms, uint32_t line, uint64_t first_row) {
    const float* half_norms = half_norms_of(terms);
    const RowBounds* bounds = bounds_of(terms);
    return TileRows{{{half_norms[line], bounds[line]}, {half_norms[line + 1], bounds[line + 1]}},
                    first_row + line};
}

// What a score is before its error is added; as whole numbers for integer products.
template <Codes kCodes, bool kHasOffset>
SKEP_DEVICE float score_of_sum(int32_t sum, float query_scale, const RowTerms& row) {
    if constexpr (kIsInteger<kCodes>) return (float)sum;
    return central_score(scaled_sum<kCodes, kHasOffset>(sum, row.bounds.scale), query_scale,
                         row.half_norm);
}

// Whether a sum's row may be among the nearest. kHasOffset: see scaled_sum. kHasNorms: scores are
// less half_norm; without, limits are those of the scaled sum itself.
template <Codes kCodes, bool kHasOffset, bool kHasNorms, uint32_t kQueryTiles>
SKEP_DEVICE bool reaches(int32_t sum, const QueryLimits<kCodes, kQueryTiles>& limits, uint32_t m,
                         uint32_t half, const RowTerms& row) {
    if constexpr (kIsInteger<kCodes>) return sum >= limits.integers[m][half];
    const float scaled = scaled_sum<kCodes, kHasOffset>(sum, row.bounds.scale);
    if constexpr (!kHasNorms) return !(scaled < limits.limits[m][half]);
    return !(central_score(scaled, limits.scales[m][half], row.half_norm) < limits.limits[m][half]);
}

// Survivors of a warp, in shared memory. All lanes call; their count is the same for all.
template <Codes kCodes, bool kHasOffset>
class SurvivorQueue {
  public:
    SKEP_DEVICE_MEMBER SurvivorQueue(const TileParams& params, uint8_t* shared)
        : params_(params),
          entries_((Survivor*)shared + thread_index() / 32 * kWarpSurvivors),
          count_(0) {}

    // Takes the survivors of the lanes that have one.
    SKEP_DEVICE_MEMBER void push(bool has_survivor, const Survivor& survivor) {
        if (count_ + 32 > kWarpSurvivors) flush();
        const uint32_t lanes = ballot(has_survivor);
        if (has_survivor) {
            const uint32_t before = lanes & ((1U << thread_index() % 32) - 1U);
            entries_[count_ + count_bits(before)] = survivor;
        }
        count_ += count_bits(lanes);
    }

    // Hands them to their queries' lists: many at once, since each waits for memory.
    SKEP_DEVICE_MEMBER void flush() {
        warp_barrier();  // what lanes wrote is there for all
#pragma unroll 1
        for (uint32_t i = thread_index() % 32; i < count_; i += 32)
            hand_over(entries_[i]);
        warp_barrier();  // all have been read
        count_ = 0;
    }

  private:
    SKEP_DEVICE_MEMBER void hand_over(const Survivor& survivor) const {
        if (!is_candidate(params_.filter, survivor.slot)) return;
        QueryState* state = params_.states + survivor.query;
        float score = (float)survivor.sum;
        if constexpr (!kIsInteger<kCodes>) {
            const RowTerms row{params_.view.half_norms[survivor.slot],
                               params_.view.bounds[survivor.slot]};
            score = upper_score(scaled_sum<kCodes, kHasOffset>(survivor.sum, row.bounds.scale),
                                *state, row);
        }
        append_candidate(state, params_.lists + (uint64_t)survivor.query * params_.list_capacity,
                         params_.list_capacity, Candidate{score, survivor.slot});
    }

    const TileParams& params_;
    Survivor* entries_;
    uint32_t count_;
};

// The one of four sums at `position`: by selection, since registers have no addresses.
SKEP_DEVICE int32_t sum_at(const int32_t (&sums)[4], uint32_t position) {
    const int32_t low = position == 0 ? sums[0] : sums[1];
    const int32_t high = position == 2 ? sums[2] : sums[3];
    return position < 2 ? low : high;
}

// Integer sums that began at 0 as if they had begun at their rows' half norms.
template <Codes kCodes, uint32_t kQueryTiles>
SKEP_DEVICE void begin_integers(int32_t (&sums)[kQueryTiles][4], const TileRows& rows) {
    if constexpr (!kIsInteger<kCodes>) return;
#pragma unroll
    for (uint32_t m = 0; m < kQueryTiles; ++m) {
#pragma unroll
        for (uint32_t i = 0; i < 4; ++i)
            sums[m][i] += integer_start(rows.terms[i % 2].half_norm);
    }
}

// Which of a thread's sums, two queries of every sixteen and two rows each, reach a limit: by
// sixteen queries.
template <Codes kCodes, bool kHasOffset, bool kHasNorms, uint32_t kQueryTiles>
SKEP_DEVICE void find_reaching(const QueryLimits<kCodes, kQueryTiles>& limits,
                               const int32_t (&sums)[kQueryTiles][4], const TileRows& rows,
                               bool (&has_survivor)[kQueryTiles]) {
#pragma unroll
    for (uint32_t m = 0; m < kQueryTiles; ++m) {
        has_survivor[m] = false;
#pragma unroll
        for (uint32_t i = 0; i < 4; ++i) {
            has_survivor[m] |= reaches<kCodes, kHasOffset, kHasNorms>(sums[m][i], limits, m, i / 2,
                                                                      rows.terms[i % 2]);
        }
    }
}

template <uint32_t kCount>
SKEP_DEVICE bool has_any(const bool (&flags)[kCount]) {
    bool any = false;
#pragma unroll
    for (uint32_t i = 0; i < kCount; ++i)
        any |= flags[i];
    return any;
}

// The limits of one of the query tiles.
template <Codes kCodes, uint32_t kQueryTiles>
SKEP_DEVICE QueryLimits<kCodes, 1> limits_of(const QueryLimits<kCodes, kQueryTiles>& limits,
                                             uint32_t query_tile) {
    QueryLimits<kCodes, 1> one;
#pragma unroll
    for (uint32_t half = 0; half < 2; ++half) {
        one.integers[0][half] = limits.integers[0][half];
        one.limits[0][half] = limits.limits[0][half];
        one.scales[0][half] = limits.scales[0][half];
#pragma unroll
        for (uint32_t m = 1; m < kQueryTiles; ++m) {
            if (m != query_tile) continue;
            one.integers[0][half] = limits.integers[m][half];
            one.limits[0][half] = limits.limits[m][half];
            one.scales[0][half] = limits.scales[m][half];
        }
    }
    return one;
}

// Hands the survivors among a warp's sums to the queue. first_query: of the warp.
template <Codes kCodes, bool kHasOffset, bool kHasNorms, uint32_t kQueryTiles>
SKEP_DEVICE void push_survivors(const TileParams& params,
                                const QueryLimits<kCodes, kQueryTiles>& limits,
                                const int32_t (&sums)[kQueryTiles][4],
                                const bool (&has_survivor)[kQueryTiles], uint32_t first_query,
                                const TileRows& rows, SurvivorQueue<kCodes, kHasOffset>& queue) {
#pragma unroll
    for (uint32_t m = 0; m < kQueryTiles; ++m) {
        if (ballot(has_survivor[m]) == 0) continue;
        const uint32_t query = first_query + m * 16 + thread_index() % 32 / 4;
        uint32_t survivors = 0;
#pragma unroll
        for (uint32_t i = 0; i < 4; ++i) {
            // A row without a score survives even the limit of a query that is not there.
            if (has_survivor[m] &&
                reaches<kCodes, kHasOffset, kHasNorms>(sums[m][i], limits, m, i / 2,
                                                       rows.terms[i % 2]) &&
                query + i / 2 * 8 < params.num_queries) {
                survivors |= 1U << i;
            }
        }
#pragma unroll 1
        while (ballot(survivors != 0) != 0) {
            const uint32_t position = lowest_bit(survivors);
            queue.push(survivors != 0,
                       Survivor{sum_at(sums[m], position), (uint32_t)rows.first_row + position % 2,
                                query + position / 2 * 8});
            survivors &= survivors - 1;
        }
    }
}

// Judges the sums of eight rows.
template <Codes kCodes, bool kHasOffset, bool kHasNorms, uint32_t kQueryTiles>
SKEP_DEVICE void judge_sums(const TileParams& params,
                            const QueryLimits<kCodes, kQueryTiles>& limits,
                            const int32_t (&sums)[kQueryTiles][4], uint32_t first_query,
                            const TileRows& rows, SurvivorQueue<kCodes, kHasOffset>& queue) {
    bool has_survivor[kQueryTiles];
    find_reaching<kCodes, kHasOffset, kHasNorms>(limits, sums, rows, has_survivor);
    if (ballot(has_any(has_survivor)) == 0) return;
    push_survivors<kCodes, kHasOffset, kHasNorms>(params, limits, sums, has_survivor, first_query,
                                                  rows, queue);
}

// The same for kRowTiles times eight rows, the first of them at `line` of the block. sums_of(n, m,
// sums) copies those of the n-th eight rows and m-th sixteen queries, which began at 0. What is
// done for survivors stands here once, not for each of these: few have any.
template <Codes kCodes, uint32_t kQueryTiles, uint32_t kRowTiles, typename SumsOf>
SKEP_DEVICE void judge_row_tiles(const TileParams& params,
                                 const QueryLimits<kCodes, kQueryTiles>& limits, SumsOf sums_of,
                                 uint32_t first_query, const uint8_t* terms, uint32_t line,
                                 uint64_t first_row, SurvivorQueue<kCodes, false>& queue) {
    static_assert(kRowTiles * kQueryTiles <= 32, "a bit each");
    const uint32_t lane_line = line + thread_index() % 4 * 2;
    uint32_t reached = 0;  // bit n * kQueryTiles + m: some of the n-th eight rows and m-th queries
    {
        int32_t sums[kQueryTiles][4];
        bool has_survivor[kQueryTiles];
#pragma unroll
        for (uint32_t n = 0; n < kRowTiles; ++n) {
            const TileRows rows = rows_at(terms, lane_line + n * 8, first_row);
#pragma unroll
            for (uint32_t m = 0; m < kQueryTiles; ++m)
                sums_of(n, m, sums[m]);
            begin_integers<kCodes>(sums, rows);
            find_reaching<kCodes, false, true>(limits, sums, rows, has_survivor);
#pragma unroll
            for (uint32_t m = 0; m < kQueryTiles; ++m) {
                if (has_survivor[m]) reached |= 1U << (n * kQueryTiles + m);
            }
        }
    }
#pragma unroll 1
    while (ballot(reached != 0) != 0) {
        // Each lane sees to one of its own. Registers have no addresses: a choice among all.
        const bool has_any = reached != 0;
        const uint32_t wanted = lowest_bit(reached);
        reached &= reached - 1;
        int32_t sums[1][4] = {};
#pragma unroll
        for (uint32_t i = 0; i < kRowTiles * kQueryTiles; ++i) {
            if (i == wanted) sums_of(i / kQueryTiles, i % kQueryTiles, sums[0]);
        }
        const uint32_t query_tile = wanted % kQueryTiles;
        const TileRows rows = rows_at(terms, lane_line + wanted / kQueryTiles * 8, first_row);
        begin_integers<kCodes>(sums, rows);
        const bool has_survivor[1] = {has_any};
        push_survivors<kCodes, false, true>(params, limits_of(limits, query_tile), sums,
                                            has_survivor, first_query + query_tile * 16, rows,
                                            queue);
    }
}

// What a sample keeps of one query and block: the best score, marked with its row.
template <uint32_t kQueryTiles>
struct BestScores {
    float scores[kQueryTiles][2];
};

template <uint32_t kQueryTiles>
SKEP_DEVICE void clear_best(BestScores<kQueryTiles>& best) {
#pragma unroll
    for (uint32_t m = 0; m < kQueryTiles; ++m) {
        best.scores[m][0] = -kInfinity;
        best.scores[m][1] = -kInfinity;
    }
}

// The sums of one thread into a sample. line: of the first row in its block.
template <Codes kCodes, bool kHasOffset, uint32_t kQueryTiles>
SKEP_DEVICE void keep_best(const TileParams& params, const QueryLimits<kCodes, kQueryTiles>& limits,
                           const int32_t (&sums)[kQueryTiles][4], const TileRows& rows,
                           uint32_t line, BestScores<kQueryTiles>& best) {
#pragma unroll
    for (uint32_t side = 0; side < 2; ++side) {
        const RowTerms& terms = rows.terms[side];
        // A row without a score is no bound for others.
        if (!is_candidate(params.filter, rows.first_row + side)) continue;
        if (terms.half_norm == -kInfinity) continue;
#pragma unroll
        for (uint32_t m = 0; m < kQueryTiles; ++m) {
#pragma unroll
            for (uint32_t half = 0; half < 2; ++half) {
                const float score = score_of_sum<kCodes, kHasOffset>(sums[m][half * 2 + side],
                                                                     limits.scales[m][half], terms);
                best.scores[m][half] =
                    __builtin_fmaxf(best.scores[m][half], mark_line(score, line + side));
            }
        }
    }
}

// The same for kRowTiles times eight rows; see judge_row_tiles.
template <Codes kCodes, uint32_t kRowTiles, uint32_t kQueryTiles, typename SumsOf>
SKEP_DEVICE void keep_best_of_tiles(const TileParams& params,
                                    const QueryLimits<kCodes, kQueryTiles>& limits, SumsOf sums_of,
                                    const uint8_t* terms, uint32_t line, uint64_t first_row,
                                    BestScores<kQueryTiles>& best) {
#pragma unroll
    for (uint32_t n = 0; n < kRowTiles; ++n) {
        const uint32_t lane_line = line + n * 8 + thread_index() % 4 * 2;
        const TileRows rows = rows_at(terms, lane_line, first_row);
        int32_t sums[kQueryTiles][4];
#pragma unroll
        for (uint32_t m = 0; m < kQueryTiles; ++m)
            sums_of(n, m, sums[m]);
        begin_integers<kCodes>(sums, rows);
        keep_best<kCodes, false>(params, limits, sums, rows, lane_line, best);
    }
}

// Writes the best of a warp's share of one block to list entry `entry` of its queries, and begins
// anew. All lanes of the warp call.
template <uint32_t kQueryTiles>
SKEP_DEVICE void store_best(const TileParams& params, uint32_t first_query, uint64_t first_row,
                            uint64_t entry, BestScores<kQueryTiles>& best) {
    const uint32_t lane = thread_index() % 32;
#pragma unroll
    for (uint32_t m = 0; m < kQueryTiles; ++m) {
#pragma unroll
        for (uint32_t half = 0; half < 2; ++half) {
            float score = best.scores[m][half];
            score = __builtin_fmaxf(score, shuffle_xor(score, 1));
            score = __builtin_fmaxf(score, shuffle_xor(score, 2));
            const uint32_t query = first_query + m * 16 + half * 8 + lane / 4;
            if (lane % 4 != 0 || query >= params.num_queries) continue;
            params.lists[(uint64_t)query * params.list_capacity + entry] =
                candidate_of_marked(score, first_row);
        }
    }
    clear_best(best);
}

}  // namespace skep::cuda
