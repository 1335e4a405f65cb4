// SPDX-License-Identifier: MIT
// Scores of rows near a query, by one warp: what walks go by. Higher is nearer. For l2 it is the
// negated squared distance of the codes, for the others their product.
//
// Eight lanes share a row, sixteen bytes each; a warp has all bytes of 32 short codes on their way
// at once, and no lane waits for a sum before the last exchange.
#pragma once

#include "codes.cuh"
#include "graph_params.h"

namespace skep::cuda {

constexpr uint32_t kGraphLanes = 8;  // that share a row
constexpr uint32_t kGraphTeams = 32 / kGraphLanes;
constexpr uint32_t kGraphRounds = kGraphChunk / kGraphTeams;  // rows that a lane takes part in

SKEP_DEVICE uint32_t lane_index() {
    return thread_index() % 32;
}
// The row of a chunk whose score a lane gets, and the lane that gets a row's.
SKEP_DEVICE uint32_t place_of_lane(uint32_t lane) {
    return lane % kGraphLanes * kGraphTeams + lane / kGraphLanes;
}
SKEP_DEVICE uint32_t lane_of_place(uint32_t place) {
    return place % kGraphTeams * kGraphLanes + place / kGraphTeams;
}

// Sums of eight rows over eight lanes; each lane gets that of row lane % 8. Every exchange halves
// the rows that a lane still works for.
template <uint32_t kWidth = kGraphLanes / 2>
SKEP_DEVICE uint32_t sum_rows(uint32_t (&sums)[kGraphRounds]) {
    if constexpr (kWidth == 0) {
        return sums[0];
    } else {
        const bool is_upper = (thread_index() & kWidth) != 0;
#pragma unroll
        for (uint32_t i = 0; i < kWidth; ++i) {
            const uint32_t lower = sums[i];
            const uint32_t upper = sums[i + kWidth];
            sums[i] = (is_upper ? upper : lower) + shuffle_xor(is_upper ? lower : upper, kWidth);
        }
        return sum_rows<kWidth / 2>(sums);
    }
}

// A sum of products of codes as a number: unsigned codes of 65 536 elements need all 32 bits.
template <Codes kCodes>
SKEP_DEVICE float float_of_sum(uint32_t sum) {
    if constexpr (kHasSignedQueries<kCodes>) return (float)(int32_t)sum;
    return (float)sum;
}

template <Codes kCodes>
struct GraphScorer {
    const RowsView* view;
    const uint8_t* query;  // its code
    Words4 first;          // of which this lane multiplies these
    float scale;           // of the query's code; kBytes: unused
    float squared_norm;    // of it, for l2
};

// kBytes: a whole number.
template <Codes kCodes>
SKEP_DEVICE GraphScorer<kCodes> score_against(const RowsView& view, const uint8_t* query,
                                              float scale) {
    const uint32_t first_byte = thread_index() % kGraphLanes * (uint32_t)sizeof(Words4);
    GraphScorer<kCodes> scorer{&view, query, Words4{0, 0, 0, 0}, scale, 0.0F};
    if (first_byte < view.code_stride) scorer.first = *(const Words4*)(query + first_byte);
    if (view.metric != kL2) return scorer;
    constexpr bool kIsSigned = kHasSignedQueries<kCodes>;
    int32_t square = 0;
#pragma unroll 1
    for (uint32_t byte = first_byte; byte < view.code_stride;
         byte += kGraphLanes * (uint32_t)sizeof(Words4)) {
        const Words4 words = *(const Words4*)(query + byte);
        for (uint32_t i = 0; i < 4; ++i)
            square = dot_product<kIsSigned, kIsSigned>(words[i], words[i], square);
    }
    for (uint32_t width = kGraphLanes / 2; width > 0; width /= 2)
        square += (int32_t)shuffle_xor((uint32_t)square, width);
    scorer.squared_norm = (float)(uint32_t)square;
    if constexpr (!kIsInteger<kCodes>) scorer.squared_norm *= scale * scale;
    return scorer;
}
template <Codes kCodes>
SKEP_DEVICE float row_scale(const RowsView& view, uint32_t slot) {
    return kIsInteger<kCodes> ? 1.0F : view.bounds[slot].scale;
}
template <Codes kCodes>
SKEP_DEVICE GraphScorer<kCodes> score_against_row(const RowsView& view, uint32_t slot) {
    return score_against<kCodes>(view, view.codes + (uint64_t)slot * view.code_stride,
                                 row_scale<kCodes>(view, slot));
}

// The score of row place_of_lane() of a chunk of slots in shared memory; -infinity for kNoSlot, for
// rows from `count` on, and for rows without a score. All lanes of the warp take part.
template <Codes kCodes>
SKEP_DEVICE float score_rows(const GraphScorer<kCodes>& scorer, const uint32_t* chunk,
                             uint32_t count) {
    const RowsView& view = *scorer.view;
    const uint32_t lane = lane_index();
    const uint32_t part = lane % kGraphLanes;
    const uint32_t team = lane / kGraphLanes;
    const bool has_norms = view.metric == kL2;
    uint32_t products[kGraphRounds] = {};
    uint32_t squares[kGraphRounds] = {};
#pragma unroll 1
    for (uint32_t byte = part * (uint32_t)sizeof(Words4); byte < view.code_stride;
         byte += kGraphLanes * (uint32_t)sizeof(Words4)) {
        Words4 query = scorer.first;
        if (byte >= kGraphLanes * (uint32_t)sizeof(Words4)) {
            query = *(const Words4*)(scorer.query + byte);
        }
        Words4 rows[kGraphRounds];
#pragma unroll
        for (uint32_t i = 0; i < kGraphRounds; ++i) {
            rows[i] = Words4{0, 0, 0, 0};
            if (i * kGraphTeams >= count) break;  // for the whole warp
            const uint32_t place = i * kGraphTeams + team;
            const uint32_t slot = place < count ? chunk[place] : kNoSlot;
            if (slot != kNoSlot) {
                rows[i] = load_streaming(
                    (const Words4*)(view.codes + (uint64_t)slot * view.code_stride + byte));
            }
        }
#pragma unroll
        for (uint32_t i = 0; i < kGraphRounds; ++i) {
            if (i * kGraphTeams >= count) break;
            int32_t product = 0;
            int32_t square = 0;
#pragma unroll
            for (uint32_t word = 0; word < 4; ++word) {
                product = dot_product<kHasSignedQueries<kCodes>, kHasSignedRows<kCodes>>(
                    query[word], rows[i][word], product);
                if (!has_norms) continue;
                square = dot_product<kHasSignedRows<kCodes>, kHasSignedRows<kCodes>>(
                    rows[i][word], rows[i][word], square);
            }
            if constexpr (kIsInteger<kCodes>) {
                products[i] += (uint32_t)(has_norms ? 2 * product - square : product);
            } else {
                products[i] += (uint32_t)product;
                squares[i] += (uint32_t)square;
            }
        }
    }
    const uint32_t place = place_of_lane(lane);
    const uint32_t slot = place < count ? chunk[place] : kNoSlot;
    if constexpr (kIsInteger<kCodes>) {
        const float score = (float)(int32_t)sum_rows(products) - scorer.squared_norm;
        return slot == kNoSlot ? -kInfinity : score;
    } else {
        const float scale = slot != kNoSlot ? view.bounds[slot].scale : kInfinity;
        const float product = float_of_sum<kCodes>(sum_rows(products)) * (scorer.scale * scale);
        float score = product;
        if (has_norms) {
            const float square = (float)sum_rows(squares) * (scale * scale);
            score = 2.0F * product - square - scorer.squared_norm;
        }
        return scale < kInfinity ? score : -kInfinity;
    }
}

}  // namespace skep::cuda
