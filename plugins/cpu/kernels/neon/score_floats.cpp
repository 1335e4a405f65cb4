// SPDX-License-Identifier: MIT
// Upper bounds in float.
//
// Stream  4 rows at a time with two accumulators each, lanes added pairwise.
// Panel   8 rows (two registers) x 8 queries: 16 accumulators, two row registers, two of queries.
// Tails   elements one by one through zeroed copies, rows by repeating the last one.
#include "kernels/neon/registers.hpp"

#include <cstdint>

#include "kernels/neon/tables.hpp"

namespace skep::cpu {
namespace {

constexpr std::uint32_t kLanes = 4;
constexpr std::uint32_t kPanelRows = 2 * kLanes;
constexpr std::uint32_t kTileQueries = 8;
constexpr std::size_t kStep = 8;

template <typename Element>
Floats8 load(const char* row, std::size_t first, std::size_t count);

template <>
Floats8 load<float>(const char* row, std::size_t first, std::size_t count) {
    const char* values = row + first * sizeof(float);
    if (count >= kStep) return {load_4_floats(values), load_4_floats(values + 16)};
    float padded[kStep] = {};
    __builtin_memcpy(padded, values, count * sizeof(float));
    return {vld1q_f32(padded), vld1q_f32(padded + kLanes)};
}

// The first `count` of 8 elements of 16 bits, zeros behind them.
template <typename Element>
Floats8 load_halves(const char* values, std::size_t count, Floats8 (*floats)(const void*)) {
    if (count >= kStep) return floats(values);
    Element padded[kStep] = {};
    __builtin_memcpy(padded, values, count * sizeof(Element));
    return floats(padded);
}

template <>
Floats8 load<F16>(const char* row, std::size_t first, std::size_t count) {
    return load_halves<F16>(row + first * sizeof(F16), count, f16_floats);
}

template <>
Floats8 load<Bf16>(const char* row, std::size_t first, std::size_t count) {
    return load_halves<Bf16>(row + first * sizeof(Bf16), count, bf16_floats);
}

template <>
Floats8 load<std::int8_t>(const char* row, std::size_t first, std::size_t count) {
    const int16x8_t wide = vmovl_s8(vreinterpret_s8_u8(load_8_bytes(row + first, count)));
    return {vcvtq_f32_s32(vmovl_s16(vget_low_s16(wide))), vcvtq_f32_s32(vmovl_high_s16(wide))};
}

template <>
Floats8 load<std::uint8_t>(const char* row, std::size_t first, std::size_t count) {
    const uint16x8_t wide = vmovl_u8(load_8_bytes(row + first, count));
    return {vcvtq_f32_u32(vmovl_u16(vget_low_u16(wide))), vcvtq_f32_u32(vmovl_high_u16(wide))};
}

// All lanes that are not less, NaN included.
std::uint32_t reaching(float32x4_t bounds, float threshold) {
    return lane_bits(vmvnq_u32(vcltq_f32(bounds, vdupq_n_f32(threshold))));
}

template <typename Element>
std::uint64_t stream(const StreamBlock& block) {
    const char* query = static_cast<const char*>(block.query);
    std::uint64_t survivors = 0;
    for (std::uint32_t first_row = 0; first_row < block.num_rows; first_row += kLanes) {
        const std::uint32_t left = block.num_rows - first_row;
        const std::uint32_t num_rows = left < kLanes ? left : kLanes;
        const char* rows[kLanes];
        float terms[kLanes];
        for (std::uint32_t i = 0; i < kLanes; ++i) {
            const std::uint32_t row = first_row + (i < num_rows ? i : num_rows - 1);
            rows[i] = static_cast<const char*>(block.rows) + row * block.row_stride_bytes;
            terms[i] = block.float_terms[row];
        }
        Floats8 sums[kLanes] = {};
        for (std::size_t first = 0; first < block.dim; first += kStep) {
            const std::size_t count = block.dim - first;
            const Floats8 factors = load<float>(query, first, count);
            for (std::uint32_t i = 0; i < kLanes; ++i) {
                const Floats8 values = load<Element>(rows[i], first, count);
                sums[i].low = vfmaq_f32(sums[i].low, factors.low, values.low);
                sums[i].high = vfmaq_f32(sums[i].high, factors.high, values.high);
            }
        }
        float32x4_t totals[kLanes];
        for (std::uint32_t i = 0; i < kLanes; ++i)
            totals[i] = vaddq_f32(sums[i].low, sums[i].high);
        const float32x4_t dots =
            vpaddq_f32(vpaddq_f32(totals[0], totals[1]), vpaddq_f32(totals[2], totals[3]));
        const float32x4_t row_terms = vld1q_f32(terms);
        const float32x4_t bounds = block.is_scaled != 0
                                       ? vmulq_f32(dots, row_terms)
                                       : vfmaq_n_f32(dots, row_terms, block.multiplier);
        const std::uint32_t bits = reaching(bounds, block.float_threshold);
        survivors |= std::uint64_t{bits & ((1U << num_rows) - 1U)} << first_row;
    }
    return survivors;
}

template <typename Element>
void pack(const PanelRows& rows, float* panel) {
    for (std::uint32_t half = 0; half < kPanelRows; half += kLanes) {
        const char* sources[kLanes];
        float terms[kLanes];
        for (std::uint32_t i = 0; i < kLanes; ++i) {
            const std::uint32_t row = half + i < rows.num_rows ? half + i : rows.num_rows - 1;
            sources[i] = static_cast<const char*>(rows.rows) + row * rows.row_stride_bytes;
            terms[i] = rows.float_terms[row];
        }
        for (std::size_t first = 0; first < rows.dim; first += kStep) {
            const std::size_t count = rows.dim - first;
            uint32x4_t low[kLanes];
            uint32x4_t high[kLanes];
            for (std::uint32_t i = 0; i < kLanes; ++i) {
                Floats8 values = load<Element>(sources[i], first, count);
                if (rows.is_scaled != 0) {
                    values.low = vmulq_n_f32(values.low, terms[i]);
                    values.high = vmulq_n_f32(values.high, terms[i]);
                }
                low[i] = vreinterpretq_u32_f32(values.low);
                high[i] = vreinterpretq_u32_f32(values.high);
            }
            transpose(low);
            transpose(high);
            for (std::size_t i = 0; i < kStep && i < count; ++i) {
                const uint32x4_t column = i < kLanes ? low[i] : high[i - kLanes];
                vst1q_f32(panel + (first + i) * kPanelRows + half, vreinterpretq_f32_u32(column));
            }
        }
        if (rows.is_scaled == 0) vst1q_f32(panel + rows.dim * kPanelRows + half, vld1q_f32(terms));
    }
}

template <typename Element>
void widen(const void* elements, std::size_t count, float* floats) {
    const char* row = static_cast<const char*>(elements);
    for (std::size_t first = 0; first < count; first += kStep) {
        const Floats8 values = load<Element>(row, first, count - first);
        if (count - first >= kStep) {
            vst1q_f32(floats + first, values.low);
            vst1q_f32(floats + first + kLanes, values.high);
        } else {
            __builtin_memcpy(floats + first, &values, (count - first) * sizeof(float));
        }
    }
}

std::uint64_t score_panel(const float* panel, const float* tile, std::size_t depth, std::uint32_t,
                          const float* thresholds, std::uint64_t* survivors) {
    float32x4_t low[kTileQueries];
    float32x4_t high[kTileQueries];
    for (std::uint32_t query = 0; query < kTileQueries; ++query) {
        low[query] = vdupq_n_f32(0.0F);
        high[query] = vdupq_n_f32(0.0F);
    }
    for (std::size_t i = 0; i < depth; ++i) {
        const float32x4_t low_rows = vld1q_f32(panel);
        const float32x4_t high_rows = vld1q_f32(panel + kLanes);
#pragma GCC unroll 8
        for (std::uint32_t query = 0; query < kTileQueries; ++query) {
            low[query] = vfmaq_n_f32(low[query], low_rows, tile[query]);
            high[query] = vfmaq_n_f32(high[query], high_rows, tile[query]);
        }
        panel += kPanelRows;
        tile += kTileQueries;
    }
    std::uint64_t any = 0;
    for (std::uint32_t query = 0; query < kTileQueries; ++query) {
        const std::uint64_t bits = reaching(low[query], thresholds[query]) |
                                   reaching(high[query], thresholds[query]) << kLanes;
        survivors[query] = bits;
        any |= bits;
    }
    return any;
}

template <typename Element>
constexpr FloatRowKernels kRows = {stream<Element>, pack<Element>, widen<Element>};

}  // namespace

const FloatKernels kNeonFloats = {
    kPanelRows,
    kTileQueries,
    {kRows<float>, kRows<F16>, kRows<Bf16>, kRows<std::int8_t>, kRows<std::uint8_t>},
    score_panel,
};

}  // namespace skep::cpu
