// SPDX-License-Identifier: MIT
// Integer scores of rows of bytes: rows and queries widened to 16 bits, vpmaddwd multiplies and
// adds pairs. (vpmaddubsw would need half the instructions, but it saturates.)
//
// Stream  8 rows at a time, one accumulator each, lanes added by one tree.
// Gather  4 rows at a time likewise.
// Panel   16 rows x 6 queries; a group of 4 bytes is two elements of 16 bits. Accumulators start at
//         the row terms.
// Tails   bytes by padded copies, rows by repeating the last one.
#include <cstdint>

#include <immintrin.h>

#include "kernels/avx2/registers.hpp"
#include "kernels/avx2/tables.hpp"

namespace skep::cpu {
namespace {

constexpr std::uint32_t kLanes = 8;
constexpr std::uint32_t kPanelRows = 2 * kLanes;
constexpr std::uint32_t kTileQueries = 6;
constexpr std::size_t kElementsPerGroup = 2;
constexpr std::size_t kStep = kLanes * kElementsPerGroup;
// How far ahead of the rows being scored the next ones are asked for.
constexpr std::size_t kPrefetchBytes = 4096;

__m256i load_registers(const void* values) {
    return _mm256_loadu_si256(static_cast<const __m256i*>(values));
}

template <typename Byte>
__m256i load_row(const char* row, std::size_t first, std::size_t count);

template <>
__m256i load_row<std::uint8_t>(const char* row, std::size_t first, std::size_t count) {
    return _mm256_cvtepu8_epi16(load_16_bytes(row + first, count));
}

template <>
__m256i load_row<std::int8_t>(const char* row, std::size_t first, std::size_t count) {
    return _mm256_cvtepi8_epi16(load_16_bytes(row + first, count));
}

std::uint32_t reaching(__m256i scores, std::int32_t threshold) {
    const __m256i below = _mm256_cmpgt_epi32(_mm256_set1_epi32(threshold), scores);
    return ~static_cast<std::uint32_t>(_mm256_movemask_ps(_mm256_castsi256_ps(below))) & 0xFFU;
}

std::uint32_t reaching(__m256 bounds, float threshold) {
    return static_cast<std::uint32_t>(
        _mm256_movemask_ps(_mm256_cmp_ps(bounds, _mm256_set1_ps(threshold), _CMP_NLT_UQ)));
}

std::uint32_t reaching_scaled(__m256i scores, __m256 scales, float threshold) {
    return reaching(_mm256_mul_ps(_mm256_cvtepi32_ps(scores), scales), threshold);
}

// The int terms of 8 rows, or for codes those times the sum of the query's codes.
__m256i first_sums(__m256i int_terms, bool is_coded, std::int32_t query_sum) {
    return is_coded ? _mm256_mullo_epi32(int_terms, _mm256_set1_epi32(query_sum)) : int_terms;
}

// Terms of 8 rows.
struct RowTerms {
    __m256 float_terms;
    __m256 scales;
    __m256 residuals;
};

std::uint32_t reaching_coded(__m256i sums, const RowTerms& rows, float residual_multiplier,
                             float multiplier, float threshold) {
    const __m256 rest =
        _mm256_fmadd_ps(rows.residuals, _mm256_set1_ps(residual_multiplier),
                        _mm256_mul_ps(rows.float_terms, _mm256_set1_ps(multiplier)));
    return reaching(_mm256_fmadd_ps(_mm256_cvtepi32_ps(sums), rows.scales, rest), threshold);
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
        for (std::uint32_t i = 0; i < kLanes; ++i) {
            const std::uint32_t row = first_row + (i < num_rows ? i : num_rows - 1);
            rows[i] = static_cast<const char*>(block.rows) + row * block.row_stride_bytes;
            terms[i] = block.int_terms[row];
        }
        __m256i sums[kLanes];
        for (std::uint32_t i = 0; i < kLanes; ++i)
            sums[i] = _mm256_setzero_si256();
        // The operands are padded with zeros, so the last step needs no mask on the query's side.
        for (std::size_t first = 0; first < block.dim; first += kStep) {
            const __m256i factors = load_registers(query + first);
            const std::size_t count = block.dim - first;
#pragma GCC unroll 8
            for (std::uint32_t i = 0; i < kLanes; ++i) {
                _mm_prefetch(rows[i] + first + kPrefetchBytes, _MM_HINT_T0);
                sums[i] = _mm256_add_epi32(
                    sums[i], _mm256_madd_epi16(load_row<Byte>(rows[i], first, count), factors));
            }
        }
        const __m256i scores = _mm256_add_epi32(
            add_lanes(sums), first_sums(load_registers(terms), is_coded, block.query_sum));
        std::uint32_t bits = 0;
        if (block.integer_score == IntegerScore::kSum) {
            bits = reaching(scores, block.int_threshold);
        } else if (is_coded) {
            const RowTerms row_terms = {load_floats(block.float_terms + first_row, num_rows),
                                        load_floats(block.scales + first_row, num_rows),
                                        load_floats(block.residuals + first_row, num_rows)};
            bits = reaching_coded(scores, row_terms, block.residual_multiplier, block.multiplier,
                                  block.float_threshold);
        } else {
            bits = reaching_scaled(scores, load_floats(block.float_terms + first_row, num_rows),
                                   block.float_threshold);
        }
        survivors |= std::uint64_t{bits & ((1U << num_rows) - 1U)} << first_row;
    }
    return survivors;
}

template <typename Byte>
void gather(const void* query, const void* const* rows, std::size_t dim, std::uint32_t num_rows,
            std::int32_t* sums) {
    constexpr std::uint32_t kRows = 4;
    const std::int16_t* factors = static_cast<const std::int16_t*>(query);
    for (std::uint32_t first_row = 0; first_row < num_rows; first_row += kRows) {
        const std::uint32_t left = num_rows - first_row;
        const char* elements[kRows];
        __m256i partial[kRows];
        for (std::uint32_t i = 0; i < kRows; ++i) {
            elements[i] = static_cast<const char*>(rows[first_row + (i < left ? i : left - 1)]);
            partial[i] = _mm256_setzero_si256();
        }
        for (std::size_t first = 0; first < dim; first += kStep) {
            const __m256i operands = load_registers(factors + first);
            const std::size_t count = dim - first;
#pragma GCC unroll 4
            for (std::uint32_t i = 0; i < kRows; ++i) {
                partial[i] = _mm256_add_epi32(
                    partial[i],
                    _mm256_madd_epi16(load_row<Byte>(elements[i], first, count), operands));
            }
        }
        const __m256i fours = _mm256_hadd_epi32(_mm256_hadd_epi32(partial[0], partial[1]),
                                                _mm256_hadd_epi32(partial[2], partial[3]));
        std::int32_t totals[kRows];
        _mm_storeu_si128(
            reinterpret_cast<__m128i*>(totals),
            _mm_add_epi32(_mm256_castsi256_si128(fours), _mm256_extracti128_si256(fours, 1)));
        for (std::uint32_t i = 0; i < kRows && i < left; ++i)
            sums[first_row + i] = totals[i];
    }
}

template <typename Byte>
void pack(const PanelRows& rows, void* panel) {
    std::int32_t* groups = static_cast<std::int32_t*>(panel);
    const std::size_t next_panel = kPanelRows * rows.row_stride_bytes;
    const std::size_t depth = (rows.dim + kElementsPerGroup - 1) / kElementsPerGroup;
    std::int32_t* terms = groups + depth * kPanelRows;
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
            __m256i block[kLanes];
            for (std::uint32_t i = 0; i < kLanes; ++i) {
                // The rows of the next panel, which are wanted when this one has been scored.
                _mm_prefetch(sources[i] + first + next_panel, _MM_HINT_T1);
                block[i] = load_row<Byte>(sources[i], first, rows.dim - first);
            }
            transpose(block);
            const std::size_t first_group = first / kElementsPerGroup;
            for (std::size_t i = 0; i < kLanes && first_group + i < depth; ++i) {
                _mm256_storeu_si256(
                    reinterpret_cast<__m256i*>(groups + (first_group + i) * kPanelRows + half),
                    block[i]);
            }
        }
    }
}

template <std::uint32_t kQueries>
std::uint64_t score(const std::int32_t* panel, const std::int32_t* tile, std::size_t depth,
                    IntegerScore kind, const TileTerms& tile_terms, std::uint64_t* survivors) {
    const std::int32_t* int_terms = panel + depth * kPanelRows;
    const float* float_terms = reinterpret_cast<const float*>(int_terms + kPanelRows);
    const bool is_coded = kind == IntegerScore::kCoded;
    __m256i low[kQueries];
    __m256i high[kQueries];
#pragma GCC unroll 6
    for (std::uint32_t query = 0; query < kQueries; ++query) {
        const std::int32_t query_sum = is_coded ? tile_terms.query_sums[query] : 0;
        low[query] = first_sums(load_registers(int_terms), is_coded, query_sum);
        high[query] = first_sums(load_registers(int_terms + kLanes), is_coded, query_sum);
    }
    for (std::size_t i = 0; i < depth; ++i) {
        const __m256i low_rows = load_registers(panel);
        const __m256i high_rows = load_registers(panel + kLanes);
#pragma GCC unroll 6
        for (std::uint32_t query = 0; query < kQueries; ++query) {
            const __m256i factors = _mm256_set1_epi32(tile[query]);
            low[query] = _mm256_add_epi32(low[query], _mm256_madd_epi16(low_rows, factors));
            high[query] = _mm256_add_epi32(high[query], _mm256_madd_epi16(high_rows, factors));
        }
        panel += kPanelRows;
        tile += kTileQueries;
    }
    const std::int32_t* int_thresholds = static_cast<const std::int32_t*>(tile_terms.thresholds);
    const float* float_thresholds = static_cast<const float*>(tile_terms.thresholds);
    std::uint32_t any = 0;
    if (kind == IntegerScore::kSum) {
#pragma GCC unroll 6
        for (std::uint32_t query = 0; query < kQueries; ++query) {
            const std::uint32_t low_bits = reaching(low[query], int_thresholds[query]);
            const std::uint32_t high_bits = reaching(high[query], int_thresholds[query]);
            survivors[query] = low_bits | high_bits << kLanes;
            any |= low_bits | high_bits << kLanes;
        }
        return any;
    }
    const __m256 low_terms = _mm256_loadu_ps(float_terms);
    const __m256 high_terms = _mm256_loadu_ps(float_terms + kLanes);
    if (kind == IntegerScore::kScaled) {
#pragma GCC unroll 6
        for (std::uint32_t query = 0; query < kQueries; ++query) {
            const float threshold = float_thresholds[query];
            const std::uint32_t low_bits = reaching_scaled(low[query], low_terms, threshold);
            const std::uint32_t high_bits = reaching_scaled(high[query], high_terms, threshold);
            survivors[query] = low_bits | high_bits << kLanes;
            any |= low_bits | high_bits << kLanes;
        }
        return any;
    }
    const float* scales = float_terms + kPanelRows;
    const float* residuals = scales + kPanelRows;
    const RowTerms low_rows = {low_terms, _mm256_loadu_ps(scales), _mm256_loadu_ps(residuals)};
    const RowTerms high_rows = {high_terms, _mm256_loadu_ps(scales + kLanes),
                                _mm256_loadu_ps(residuals + kLanes)};
#pragma GCC unroll 6
    for (std::uint32_t query = 0; query < kQueries; ++query) {
        const float residual_multiplier = tile_terms.residual_multipliers[query];
        const float multiplier = tile_terms.multipliers[query];
        const std::uint32_t low_bits = reaching_coded(low[query], low_rows, residual_multiplier,
                                                      multiplier, float_thresholds[query]);
        const std::uint32_t high_bits = reaching_coded(high[query], high_rows, residual_multiplier,
                                                       multiplier, float_thresholds[query]);
        survivors[query] = low_bits | high_bits << kLanes;
        any |= low_bits | high_bits << kLanes;
    }
    return any;
}

std::uint64_t score_panel(const void* panel, const void* tile, std::size_t depth,
                          std::uint32_t num_queries, IntegerScore kind, const TileTerms& terms,
                          std::uint64_t* survivors) {
    const std::int32_t* rows = static_cast<const std::int32_t*>(panel);
    const std::int32_t* queries = static_cast<const std::int32_t*>(tile);
    if (num_queries <= 3) return score<3>(rows, queries, depth, kind, terms, survivors);
    return score<6>(rows, queries, depth, kind, terms, survivors);
}

}  // namespace

const IntegerKernels kAvx2Integers = {
    kPanelRows,           kTileQueries,       2,           0,
    stream<std::uint8_t>, pack<std::uint8_t>, score_panel, gather<std::uint8_t>,
};
const IntegerKernels kAvx2SignedIntegers = {
    kPanelRows,          kTileQueries,      2,           0,
    stream<std::int8_t>, pack<std::int8_t>, score_panel, gather<std::int8_t>,
};

}  // namespace skep::cpu
