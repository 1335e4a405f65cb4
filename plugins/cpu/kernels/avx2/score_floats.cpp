// SPDX-License-Identifier: MIT
// Upper bounds in float.
//
// Stream  8 rows at a time, one accumulator each: latency 4 x 2 ports. Lanes are added by one tree
//         for all 8 rows.
// Panel   16 rows (two registers) x 6 queries: 12 accumulators, two row registers, one broadcast of
//         16 registers.
// Tails   elements by masked loads, rows by repeating the last one.
#include <cstdint>

#include <immintrin.h>

#include "kernels/avx2/registers.hpp"
#include "kernels/avx2/tables.hpp"

namespace skep::cpu {
namespace {

constexpr std::uint32_t kLanes = 8;
constexpr std::uint32_t kPanelRows = 2 * kLanes;
constexpr std::uint32_t kTileQueries = 6;
// How far ahead of the rows being scored the next ones are asked for.
constexpr std::size_t kPrefetchBytes = 8192;

template <typename Element>
__m256 load(const char* row, std::size_t first, std::size_t count);

template <>
__m256 load<float>(const char* row, std::size_t first, std::size_t count) {
    return load_floats(row + first * sizeof(float), count);
}

template <>
__m256 load<F16>(const char* row, std::size_t first, std::size_t count) {
    return f16_floats(load_16_bytes(row + first * sizeof(F16), count * sizeof(F16)));
}

template <>
__m256 load<Bf16>(const char* row, std::size_t first, std::size_t count) {
    return bf16_floats(load_16_bytes(row + first * sizeof(Bf16), count * sizeof(Bf16)));
}

template <>
__m256 load<std::int8_t>(const char* row, std::size_t first, std::size_t count) {
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(load_8_bytes(row + first, count)));
}

template <>
__m256 load<std::uint8_t>(const char* row, std::size_t first, std::size_t count) {
    return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(load_8_bytes(row + first, count)));
}

template <typename Element>
std::uint64_t stream(const StreamBlock& block) {
    const float* query = static_cast<const float*>(block.query);
    const __m256 multiplier = _mm256_set1_ps(block.multiplier);
    const __m256 threshold = _mm256_set1_ps(block.float_threshold);
    const std::size_t whole = block.dim / kLanes * kLanes;
    const std::size_t rest = block.dim - whole;
    std::uint64_t survivors = 0;
    for (std::uint32_t first_row = 0; first_row < block.num_rows; first_row += kLanes) {
        const std::uint32_t left = block.num_rows - first_row;
        const std::uint32_t num_rows = left < kLanes ? left : kLanes;
        const char* rows[kLanes];
        for (std::uint32_t i = 0; i < kLanes; ++i) {
            const std::uint32_t row = first_row + (i < num_rows ? i : num_rows - 1);
            rows[i] = static_cast<const char*>(block.rows) + row * block.row_stride_bytes;
        }
        __m256 sums[kLanes];
        for (std::uint32_t i = 0; i < kLanes; ++i)
            sums[i] = _mm256_setzero_ps();
        for (std::size_t first = 0; first < whole; first += kLanes) {
            const __m256 factors = _mm256_loadu_ps(query + first);
#pragma GCC unroll 8
            for (std::uint32_t i = 0; i < kLanes; ++i) {
                _mm_prefetch(rows[i] + first * sizeof(Element) + kPrefetchBytes, _MM_HINT_T0);
                sums[i] = _mm256_fmadd_ps(factors, load<Element>(rows[i], first, kLanes), sums[i]);
            }
        }
        if (rest != 0) {
            const __m256 factors = load_floats(query + whole, rest);
            for (std::uint32_t i = 0; i < kLanes; ++i)
                sums[i] = _mm256_fmadd_ps(factors, load<Element>(rows[i], whole, rest), sums[i]);
        }
        const __m256 dots = add_lanes(sums);
        const __m256 terms = load_floats(block.float_terms + first_row, num_rows);
        const __m256 bounds = block.is_scaled != 0 ? _mm256_mul_ps(dots, terms)
                                                   : _mm256_fmadd_ps(multiplier, terms, dots);
        const auto bits = static_cast<std::uint32_t>(
            _mm256_movemask_ps(_mm256_cmp_ps(bounds, threshold, _CMP_NLT_UQ)));
        survivors |= std::uint64_t{bits & ((1U << num_rows) - 1U)} << first_row;
    }
    return survivors;
}

template <typename Element>
void pack(const PanelRows& rows, float* panel) {
    const std::size_t next_panel = kPanelRows * rows.row_stride_bytes;
    for (std::uint32_t half = 0; half < kPanelRows; half += kLanes) {
        const char* sources[kLanes];
        float terms[kLanes];
        for (std::uint32_t i = 0; i < kLanes; ++i) {
            const std::uint32_t row = half + i < rows.num_rows ? half + i : rows.num_rows - 1;
            sources[i] = static_cast<const char*>(rows.rows) + row * rows.row_stride_bytes;
            terms[i] = rows.float_terms[row];
        }
        for (std::size_t first = 0; first < rows.dim; first += kLanes) {
            const std::size_t count = rows.dim - first < kLanes ? rows.dim - first : kLanes;
            __m256i block[kLanes];
            for (std::uint32_t i = 0; i < kLanes; ++i) {
                // The rows of the next panel, which are wanted when this one has been scored.
                _mm_prefetch(sources[i] + first * sizeof(Element) + next_panel, _MM_HINT_T1);
                const __m256 values = load<Element>(sources[i], first, count);
                block[i] = _mm256_castps_si256(
                    rows.is_scaled != 0 ? _mm256_mul_ps(values, _mm256_set1_ps(terms[i])) : values);
            }
            transpose(block);
            for (std::size_t i = 0; i < count; ++i) {
                _mm256_storeu_ps(panel + (first + i) * kPanelRows + half,
                                 _mm256_castsi256_ps(block[i]));
            }
        }
        if (rows.is_scaled == 0)
            _mm256_storeu_ps(panel + rows.dim * kPanelRows + half, _mm256_loadu_ps(terms));
    }
}

template <typename Element>
void widen(const void* elements, std::size_t count, float* floats) {
    const char* row = static_cast<const char*>(elements);
    for (std::size_t first = 0; first < count; first += kLanes) {
        const __m256 values = load<Element>(row, first, count - first);
        if (count - first >= kLanes) {
            _mm256_storeu_ps(floats + first, values);
        } else {
            __builtin_memcpy(floats + first, &values, (count - first) * sizeof(float));
        }
    }
}

template <std::uint32_t kQueries>
std::uint64_t score(const float* panel, const float* tile, std::size_t depth,
                    const float* thresholds, std::uint64_t* survivors) {
    __m256 low[kQueries];
    __m256 high[kQueries];
#pragma GCC unroll 6
    for (std::uint32_t query = 0; query < kQueries; ++query) {
        low[query] = _mm256_setzero_ps();
        high[query] = _mm256_setzero_ps();
    }
    for (std::size_t i = 0; i < depth; ++i) {
        const __m256 low_rows = _mm256_loadu_ps(panel);
        const __m256 high_rows = _mm256_loadu_ps(panel + kLanes);
#pragma GCC unroll 6
        for (std::uint32_t query = 0; query < kQueries; ++query) {
            const __m256 factor = _mm256_broadcast_ss(tile + query);
            low[query] = _mm256_fmadd_ps(factor, low_rows, low[query]);
            high[query] = _mm256_fmadd_ps(factor, high_rows, high[query]);
        }
        panel += kPanelRows;
        tile += kTileQueries;
    }
    std::uint32_t any = 0;
#pragma GCC unroll 6
    for (std::uint32_t query = 0; query < kQueries; ++query) {
        const __m256 threshold = _mm256_broadcast_ss(thresholds + query);
        const auto low_bits = static_cast<std::uint32_t>(
            _mm256_movemask_ps(_mm256_cmp_ps(low[query], threshold, _CMP_NLT_UQ)));
        const auto high_bits = static_cast<std::uint32_t>(
            _mm256_movemask_ps(_mm256_cmp_ps(high[query], threshold, _CMP_NLT_UQ)));
        const std::uint32_t bits = low_bits | high_bits << kLanes;
        survivors[query] = bits;
        any |= bits;
    }
    return any;
}

std::uint64_t score_panel(const float* panel, const float* tile, std::size_t depth,
                          std::uint32_t num_queries, const float* thresholds,
                          std::uint64_t* survivors) {
    if (num_queries <= 3) return score<3>(panel, tile, depth, thresholds, survivors);
    return score<6>(panel, tile, depth, thresholds, survivors);
}

template <typename Element>
constexpr FloatRowKernels kRows = {stream<Element>, pack<Element>, widen<Element>};

}  // namespace

const FloatKernels kAvx2Floats = {
    kPanelRows,
    kTileQueries,
    {kRows<float>, kRows<F16>, kRows<Bf16>, kRows<std::int8_t>, kRows<std::uint8_t>},
    score_panel,
};

}  // namespace skep::cpu
