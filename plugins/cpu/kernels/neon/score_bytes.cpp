// SPDX-License-Identifier: MIT
// Integer scores of rows of bytes on any AArch64: rows and queries widened to 16 bits, multiplied
// into 32 bits. (The udot instruction is optional before Armv8.4 and not used here.)
//
// Stream  4 rows at a time, two accumulators each, lanes added pairwise.
// Panel   8 rows x 4 queries; a group of 4 bytes is two elements of 16 bits. Accumulators start at
//         the row terms.
// Tails   bytes by padded copies, rows by repeating the last one.
#include "kernels/neon/registers.hpp"

#include <cstdint>

#include "kernels/neon/tables.hpp"

namespace skep::cpu {
namespace {

constexpr std::uint32_t kLanes = 4;
constexpr std::uint32_t kPanelRows = 2 * kLanes;
constexpr std::uint32_t kTileQueries = 4;
constexpr std::size_t kElementsPerGroup = 2;
constexpr std::size_t kStep = 8;

template <typename Byte>
int16x8_t load_row(const char* row, std::size_t first, std::size_t count);

template <>
int16x8_t load_row<std::uint8_t>(const char* row, std::size_t first, std::size_t count) {
    return vreinterpretq_s16_u16(vmovl_u8(load_8_bytes(row + first, count)));
}

template <>
int16x8_t load_row<std::int8_t>(const char* row, std::size_t first, std::size_t count) {
    return vmovl_s8(vreinterpret_s8_u8(load_8_bytes(row + first, count)));
}

std::uint32_t reaching(int32x4_t scores, std::int32_t threshold) {
    return lane_bits(vcgeq_s32(scores, vdupq_n_s32(threshold)));
}

std::uint32_t reaching(float32x4_t bounds, float threshold) {
    return lane_bits(vmvnq_u32(vcltq_f32(bounds, vdupq_n_f32(threshold))));
}

std::uint32_t reaching_scaled(int32x4_t scores, float32x4_t scales, float threshold) {
    return reaching(vmulq_f32(vcvtq_f32_s32(scores), scales), threshold);
}

// The int terms of 4 rows, or for codes those times the sum of the query's codes.
int32x4_t first_sums(int32x4_t int_terms, bool is_coded, std::int32_t query_sum) {
    return is_coded ? vmulq_n_s32(int_terms, query_sum) : int_terms;
}

// Terms of 4 rows.
struct RowTerms {
    float32x4_t float_terms;
    float32x4_t scales;
    float32x4_t residuals;
};

std::uint32_t reaching_coded(int32x4_t sums, const RowTerms& rows, float residual_multiplier,
                             float multiplier, float threshold) {
    const float32x4_t rest =
        vfmaq_n_f32(vmulq_n_f32(rows.float_terms, multiplier), rows.residuals, residual_multiplier);
    return reaching(vfmaq_f32(rest, vcvtq_f32_s32(sums), rows.scales), threshold);
}

// Lane i: the pair sums of products of group i.
int32x4_t multiply_groups(int16x8_t a, int16x8_t b) {
    return vpaddq_s32(vmull_s16(vget_low_s16(a), vget_low_s16(b)), vmull_high_s16(a, b));
}

template <typename Byte>
std::uint64_t stream(const StreamBlock& block) {
    const std::int16_t* query = static_cast<const std::int16_t*>(block.query);
    const bool is_coded = block.integer_score == IntegerScore::kCoded;
    std::uint64_t survivors = 0;
    for (std::uint32_t first_row = 0; first_row < block.num_rows; first_row += kLanes) {
        const std::uint32_t left = block.num_rows - first_row;
        const std::uint32_t num_rows = left < kLanes ? left : kLanes;
        const char* rows[kLanes];
        std::int32_t terms[kLanes];
        float float_terms[kLanes] = {};
        float scales[kLanes] = {};
        float residuals[kLanes] = {};
        for (std::uint32_t i = 0; i < kLanes; ++i) {
            const std::uint32_t row = first_row + (i < num_rows ? i : num_rows - 1);
            rows[i] = static_cast<const char*>(block.rows) + row * block.row_stride_bytes;
            terms[i] = block.int_terms[row];
            if (block.integer_score != IntegerScore::kSum) float_terms[i] = block.float_terms[row];
            if (!is_coded) continue;
            scales[i] = block.scales[row];
            residuals[i] = block.residuals[row];
        }
        int32x4_t low[kLanes];
        int32x4_t high[kLanes];
        for (std::uint32_t i = 0; i < kLanes; ++i)
            low[i] = high[i] = vdupq_n_s32(0);
        // The operands are padded with zeros, so the last step needs no mask on the query's side.
        for (std::size_t first = 0; first < block.dim; first += kStep) {
            const int16x8_t factors = vld1q_s16(query + first);
            const std::size_t count = block.dim - first;
            for (std::uint32_t i = 0; i < kLanes; ++i) {
                const int16x8_t values = load_row<Byte>(rows[i], first, count);
                low[i] = vmlal_s16(low[i], vget_low_s16(values), vget_low_s16(factors));
                high[i] = vmlal_high_s16(high[i], values, factors);
            }
        }
        int32x4_t totals[kLanes];
        for (std::uint32_t i = 0; i < kLanes; ++i)
            totals[i] = vaddq_s32(low[i], high[i]);
        const int32x4_t dots =
            vpaddq_s32(vpaddq_s32(totals[0], totals[1]), vpaddq_s32(totals[2], totals[3]));
        const int32x4_t scores =
            vaddq_s32(dots, first_sums(vld1q_s32(terms), is_coded, block.query_sum));
        std::uint32_t bits = 0;
        if (block.integer_score == IntegerScore::kSum) {
            bits = reaching(scores, block.int_threshold);
        } else if (is_coded) {
            bits = reaching_coded(
                scores, {vld1q_f32(float_terms), vld1q_f32(scales), vld1q_f32(residuals)},
                block.residual_multiplier, block.multiplier, block.float_threshold);
        } else {
            bits = reaching_scaled(scores, vld1q_f32(float_terms), block.float_threshold);
        }
        survivors |= std::uint64_t{bits & ((1U << num_rows) - 1U)} << first_row;
    }
    return survivors;
}

template <typename Byte>
void gather(const void* query, const void* const* rows, std::size_t dim, std::uint32_t num_rows,
            std::int32_t* sums) {
    const std::int16_t* factors = static_cast<const std::int16_t*>(query);
    for (std::uint32_t row = 0; row < num_rows; ++row) {
        const char* elements = static_cast<const char*>(rows[row]);
        int32x4_t low = vdupq_n_s32(0);
        int32x4_t high = vdupq_n_s32(0);
        for (std::size_t first = 0; first < dim; first += kStep) {
            const int16x8_t operands = vld1q_s16(factors + first);
            const int16x8_t values = load_row<Byte>(elements, first, dim - first);
            low = vmlal_s16(low, vget_low_s16(values), vget_low_s16(operands));
            high = vmlal_high_s16(high, values, operands);
        }
        sums[row] = vaddvq_s32(vaddq_s32(low, high));
    }
}

template <typename Byte>
void pack(const PanelRows& rows, void* panel) {
    std::uint32_t* groups = static_cast<std::uint32_t*>(panel);
    const std::size_t depth = (rows.dim + kElementsPerGroup - 1) / kElementsPerGroup;
    std::int32_t* terms = static_cast<std::int32_t*>(panel) + depth * kPanelRows;
    float* float_terms = static_cast<float*>(panel) + (depth + 1) * kPanelRows;
    float* scales = float_terms + kPanelRows;
    float* residuals = scales + kPanelRows;
    for (std::uint32_t half = 0; half < kPanelRows; half += kLanes) {
        const char* sources[kLanes];
        for (std::uint32_t i = 0; i < kLanes; ++i) {
            const std::uint32_t row = half + i < rows.num_rows ? half + i : rows.num_rows - 1;
            sources[i] = static_cast<const char*>(rows.rows) + row * rows.row_stride_bytes;
            terms[half + i] = rows.int_terms[row];
            if (rows.integer_score != IntegerScore::kSum)
                float_terms[half + i] = rows.float_terms[row];
            if (rows.integer_score != IntegerScore::kCoded) continue;
            scales[half + i] = rows.scales[row];
            residuals[half + i] = rows.residuals[row];
        }
        for (std::size_t first = 0; first < rows.dim; first += kStep) {
            uint32x4_t block[kLanes];
            for (std::uint32_t i = 0; i < kLanes; ++i)
                block[i] =
                    vreinterpretq_u32_s16(load_row<Byte>(sources[i], first, rows.dim - first));
            transpose(block);
            const std::size_t first_group = first / kElementsPerGroup;
            for (std::size_t i = 0; i < kLanes && first_group + i < depth; ++i)
                vst1q_u32(groups + (first_group + i) * kPanelRows + half, block[i]);
        }
    }
}

std::uint64_t score_panel(const void* panel, const void* tile, std::size_t depth, std::uint32_t,
                          IntegerScore kind, const TileTerms& tile_terms,
                          std::uint64_t* survivors) {
    const std::int32_t* rows = static_cast<const std::int32_t*>(panel);
    const std::int32_t* queries = static_cast<const std::int32_t*>(tile);
    const std::int32_t* int_terms = rows + depth * kPanelRows;
    const float* float_terms = static_cast<const float*>(panel) + (depth + 1) * kPanelRows;
    const float* scales = float_terms + kPanelRows;
    const float* residuals = scales + kPanelRows;
    const bool is_coded = kind == IntegerScore::kCoded;
    int32x4_t low[kTileQueries];
    int32x4_t high[kTileQueries];
    for (std::uint32_t query = 0; query < kTileQueries; ++query) {
        const std::int32_t query_sum = is_coded ? tile_terms.query_sums[query] : 0;
        low[query] = first_sums(vld1q_s32(int_terms), is_coded, query_sum);
        high[query] = first_sums(vld1q_s32(int_terms + kLanes), is_coded, query_sum);
    }
    for (std::size_t i = 0; i < depth; ++i) {
        const int16x8_t low_rows = vreinterpretq_s16_s32(vld1q_s32(rows));
        const int16x8_t high_rows = vreinterpretq_s16_s32(vld1q_s32(rows + kLanes));
#pragma GCC unroll 4
        for (std::uint32_t query = 0; query < kTileQueries; ++query) {
            const int16x8_t factors = vreinterpretq_s16_s32(vdupq_n_s32(queries[query]));
            low[query] = vaddq_s32(low[query], multiply_groups(low_rows, factors));
            high[query] = vaddq_s32(high[query], multiply_groups(high_rows, factors));
        }
        rows += kPanelRows;
        queries += kTileQueries;
    }
    const std::int32_t* int_thresholds = static_cast<const std::int32_t*>(tile_terms.thresholds);
    const float* float_thresholds = static_cast<const float*>(tile_terms.thresholds);
    std::uint64_t any = 0;
    for (std::uint32_t query = 0; query < kTileQueries; ++query) {
        std::uint32_t low_bits = 0;
        std::uint32_t high_bits = 0;
        if (kind == IntegerScore::kSum) {
            low_bits = reaching(low[query], int_thresholds[query]);
            high_bits = reaching(high[query], int_thresholds[query]);
        } else if (is_coded) {
            const RowTerms low_rows = {vld1q_f32(float_terms), vld1q_f32(scales),
                                       vld1q_f32(residuals)};
            const RowTerms high_rows = {vld1q_f32(float_terms + kLanes), vld1q_f32(scales + kLanes),
                                        vld1q_f32(residuals + kLanes)};
            const float residual_multiplier = tile_terms.residual_multipliers[query];
            const float multiplier = tile_terms.multipliers[query];
            low_bits = reaching_coded(low[query], low_rows, residual_multiplier, multiplier,
                                      float_thresholds[query]);
            high_bits = reaching_coded(high[query], high_rows, residual_multiplier, multiplier,
                                       float_thresholds[query]);
        } else {
            const float threshold = float_thresholds[query];
            low_bits = reaching_scaled(low[query], vld1q_f32(float_terms), threshold);
            high_bits = reaching_scaled(high[query], vld1q_f32(float_terms + kLanes), threshold);
        }
        survivors[query] = low_bits | high_bits << kLanes;
        any |= survivors[query];
    }
    return any;
}

}  // namespace

const IntegerKernels kNeonIntegers = {
    kPanelRows,           kTileQueries,       2,           0,
    stream<std::uint8_t>, pack<std::uint8_t>, score_panel, gather<std::uint8_t>,
};
const IntegerKernels kNeonSignedIntegers = {
    kPanelRows,          kTileQueries,      2,           0,
    stream<std::int8_t>, pack<std::int8_t>, score_panel, gather<std::int8_t>,
};

}  // namespace skep::cpu
