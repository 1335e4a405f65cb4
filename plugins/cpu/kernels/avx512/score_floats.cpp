// SPDX-License-Identifier: MIT
// Upper bounds in float.
//
// Stream  16 rows at a time, one accumulator each: 16 independent chains of multiply-adds cover
//         latency 4 x 2 ports. Lanes are added by one transposing tree for all 16 rows.
// Panel   32 rows (two registers) x 12 queries: 24 accumulators, two row registers, one broadcast.
//         Per element of a row 14 loads feed 24 multiply-adds, so the two FMA ports stay busy.
// Tails   elements by masked loads, rows by repeating the last one.
#include <cstdint>

#include <immintrin.h>

#include "kernels/avx512/registers.hpp"
#include "kernels/avx512/tables.hpp"

namespace skep::cpu {
namespace {

constexpr std::uint32_t kLanes = 16;
constexpr std::uint32_t kPanelRows = 2 * kLanes;
constexpr std::uint32_t kTileQueries = 12;
// How far ahead of the rows being scored the next ones are asked for.
constexpr std::size_t kPrefetchBytes = 8192;

template <typename Element>
__m512 load(const char* row, std::size_t first, __mmask16 mask);

template <>
__m512 load<float>(const char* row, std::size_t first, __mmask16 mask) {
    return _mm512_maskz_loadu_ps(mask, row + first * sizeof(float));
}

template <>
__m512 load<F16>(const char* row, std::size_t first, __mmask16 mask) {
    return f16_floats(_mm256_maskz_loadu_epi16(mask, row + first * sizeof(F16)));
}

template <>
__m512 load<Bf16>(const char* row, std::size_t first, __mmask16 mask) {
    return bf16_floats(_mm256_maskz_loadu_epi16(mask, row + first * sizeof(Bf16)));
}

template <>
__m512 load<std::int8_t>(const char* row, std::size_t first, __mmask16 mask) {
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_maskz_loadu_epi8(mask, row + first)));
}

template <>
__m512 load<std::uint8_t>(const char* row, std::size_t first, __mmask16 mask) {
    return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(mask, row + first)));
}

__mmask16 first_lanes(std::size_t count) {
    return static_cast<__mmask16>(count >= kLanes ? 0xFFFFU : (1U << count) - 1U);
}

template <typename Element>
std::uint64_t stream(const StreamBlock& block) {
    const float* query = static_cast<const float*>(block.query);
    const __m512 multiplier = _mm512_set1_ps(block.multiplier);
    const __m512 threshold = _mm512_set1_ps(block.float_threshold);
    const std::size_t whole = block.dim / kLanes * kLanes;
    const std::size_t rest = block.dim - whole;
    std::uint64_t survivors = 0;
    for (std::uint32_t first_row = 0; first_row < block.num_rows; first_row += kLanes) {
        const std::uint32_t num_rows = block.num_rows - first_row;
        const char* rows[kLanes];
        for (std::uint32_t i = 0; i < kLanes; ++i) {
            const std::uint32_t row = first_row + (i < num_rows ? i : num_rows - 1);
            rows[i] = static_cast<const char*>(block.rows) + row * block.row_stride_bytes;
        }
        __m512 sums[kLanes];
        for (std::uint32_t i = 0; i < kLanes; ++i)
            sums[i] = _mm512_setzero_ps();
        for (std::size_t first = 0; first < whole; first += kLanes) {
            const __m512 factors = _mm512_loadu_ps(query + first);
#pragma GCC unroll 16
            for (std::uint32_t i = 0; i < kLanes; ++i) {
                _mm_prefetch(rows[i] + first * sizeof(Element) + kPrefetchBytes, _MM_HINT_T0);
                sums[i] = _mm512_fmadd_ps(factors, load<Element>(rows[i], first, 0xFFFF), sums[i]);
            }
        }
        if (rest != 0) {
            const __mmask16 mask = first_lanes(rest);
            const __m512 factors = _mm512_maskz_loadu_ps(mask, query + whole);
#pragma GCC unroll 16
            for (std::uint32_t i = 0; i < kLanes; ++i)
                sums[i] = _mm512_fmadd_ps(factors, load<Element>(rows[i], whole, mask), sums[i]);
        }
        const __m512 dots = add_lanes(sums);
        const __mmask16 row_mask = first_lanes(num_rows);
        const __m512 terms = _mm512_maskz_loadu_ps(row_mask, block.float_terms + first_row);
        const __m512 bounds = block.is_scaled != 0 ? _mm512_mul_ps(dots, terms)
                                                   : _mm512_fmadd_ps(multiplier, terms, dots);
        const std::uint64_t bits =
            _mm512_mask_cmp_ps_mask(row_mask, bounds, threshold, _CMP_NLT_UQ);
        survivors |= bits << first_row;
    }
    return survivors;
}

template <typename Element>
void pack(const PanelRows& rows, float* panel) {
    const std::size_t next_panel = kPanelRows * rows.row_stride_bytes;
    for (std::uint32_t half = 0; half < kPanelRows; half += kLanes) {
        const char* sources[kLanes];
        __m512 scales[kLanes];
        float terms[kLanes];
        for (std::uint32_t i = 0; i < kLanes; ++i) {
            const std::uint32_t row = half + i < rows.num_rows ? half + i : rows.num_rows - 1;
            sources[i] = static_cast<const char*>(rows.rows) + row * rows.row_stride_bytes;
            terms[i] = rows.float_terms[row];
            scales[i] = _mm512_set1_ps(terms[i]);
        }
        for (std::size_t first = 0; first < rows.dim; first += kLanes) {
            const std::size_t count = rows.dim - first < kLanes ? rows.dim - first : kLanes;
            const __mmask16 mask = first_lanes(count);
            __m512i block[kLanes];
            for (std::uint32_t i = 0; i < kLanes; ++i) {
                // The rows of the next panel, which are wanted when this one has been scored.
                _mm_prefetch(sources[i] + first * sizeof(Element) + next_panel, _MM_HINT_T1);
                const __m512 values = load<Element>(sources[i], first, mask);
                block[i] = _mm512_castps_si512(
                    rows.is_scaled != 0 ? _mm512_mul_ps(values, scales[i]) : values);
            }
            transpose(block);
            for (std::size_t i = 0; i < count; ++i)
                _mm512_storeu_si512(panel + (first + i) * kPanelRows + half, block[i]);
        }
        if (rows.is_scaled == 0)
            _mm512_storeu_ps(panel + rows.dim * kPanelRows + half, _mm512_loadu_ps(terms));
    }
}

template <typename Element>
void widen(const void* elements, std::size_t count, float* floats) {
    const char* row = static_cast<const char*>(elements);
    for (std::size_t first = 0; first < count; first += kLanes) {
        const __mmask16 mask = first_lanes(count - first);
        _mm512_mask_storeu_ps(floats + first, mask, load<Element>(row, first, mask));
    }
}

template <std::uint32_t kQueries>
std::uint64_t score(const float* panel, const float* tile, std::size_t depth,
                    const float* thresholds, std::uint64_t* survivors) {
    __m512 low[kQueries];
    __m512 high[kQueries];
#pragma GCC unroll 12
    for (std::uint32_t query = 0; query < kQueries; ++query) {
        low[query] = _mm512_setzero_ps();
        high[query] = _mm512_setzero_ps();
    }
    for (std::size_t i = 0; i < depth; ++i) {
        const __m512 low_rows = _mm512_loadu_ps(panel);
        const __m512 high_rows = _mm512_loadu_ps(panel + kLanes);
#pragma GCC unroll 12
        for (std::uint32_t query = 0; query < kQueries; ++query) {
            const __m512 factor = _mm512_set1_ps(tile[query]);
            low[query] = _mm512_fmadd_ps(factor, low_rows, low[query]);
            high[query] = _mm512_fmadd_ps(factor, high_rows, high[query]);
        }
        panel += kPanelRows;
        tile += kTileQueries;
    }
    std::uint32_t any = 0;
#pragma GCC unroll 12
    for (std::uint32_t query = 0; query < kQueries; ++query) {
        const __m512 threshold = _mm512_set1_ps(thresholds[query]);
        const std::uint32_t low_bits = _mm512_cmp_ps_mask(low[query], threshold, _CMP_NLT_UQ);
        const std::uint32_t high_bits = _mm512_cmp_ps_mask(high[query], threshold, _CMP_NLT_UQ);
        const std::uint32_t bits = low_bits | high_bits << kLanes;
        survivors[query] = bits;
        any |= bits;
    }
    return any;
}

std::uint64_t score_panel(const float* panel, const float* tile, std::size_t depth,
                          std::uint32_t num_queries, const float* thresholds,
                          std::uint64_t* survivors) {
    if (num_queries <= 4) return score<4>(panel, tile, depth, thresholds, survivors);
    if (num_queries <= 8) return score<8>(panel, tile, depth, thresholds, survivors);
    return score<12>(panel, tile, depth, thresholds, survivors);
}

template <typename Element>
constexpr FloatRowKernels kRows = {stream<Element>, pack<Element>, widen<Element>};

}  // namespace

const FloatKernels kAvx512Floats = {
    kPanelRows,
    kTileQueries,
    {kRows<float>, kRows<F16>, kRows<Bf16>, kRows<std::int8_t>, kRows<std::uint8_t>},
    score_panel,
};

}  // namespace skep::cpu
