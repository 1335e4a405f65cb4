// SPDX-License-Identifier: MIT
// Integer scores of rows of bytes with VNNI: vpdpbusd multiplies four unsigned bytes of a row by
// four signed ones of the query, which is why u8 queries are shifted by 128, and adds all four to a
// 32-bit lane. Signed rows take the signed side, and their queries are shifted the other way. Four
// times the multiply-adds of float in the same shape of tile.
//
// Stream  16 rows at a time, one accumulator each, lanes added by one transposing tree.
// Gather  4 rows at a time likewise; the misses of rows elsewhere hide what the tree costs.
// Panel   32 rows x 12 queries, as in float; accumulators start at the row terms.
// Tails   bytes by masked loads, rows by repeating the last one.
#include <cstdint>

#include <immintrin.h>

#include "kernels/avx512/registers.hpp"
#include "kernels/avx512/tables.hpp"

namespace skep::cpu {
namespace {

constexpr std::uint32_t kLanes = 16;
constexpr std::uint32_t kPanelRows = 2 * kLanes;
constexpr std::uint32_t kTileQueries = 12;
constexpr std::size_t kRegisterBytes = 64;
constexpr std::size_t kGroupBytes = 4;
// How far ahead of the rows being scored the next ones are asked for.
constexpr std::size_t kPrefetchBytes = 4096;

__mmask16 first_lanes(std::size_t count) {
    return static_cast<__mmask16>(count >= kLanes ? 0xFFFFU : (1U << count) - 1U);
}

__mmask64 first_bytes(std::size_t count) {
    return count >= kRegisterBytes ? ~__mmask64{0} : (__mmask64{1} << count) - 1;
}

// sums += the dot products of four bytes of rows and four of factors, which are unsigned where the
// others are signed. As an instruction, since GCC 12 copies every accumulator around the intrinsic,
// twice per step.
template <typename Byte>
void multiply_add(__m512i& sums, __m512i rows, __m512i factors);

template <>
void multiply_add<std::uint8_t>(__m512i& sums, __m512i rows, __m512i factors) {
    asm("vpdpbusd %2, %1, %0" : "+v"(sums) : "v"(rows), "v"(factors));
}

template <>
void multiply_add<std::int8_t>(__m512i& sums, __m512i rows, __m512i factors) {
    asm("vpdpbusd %2, %1, %0" : "+v"(sums) : "v"(factors), "v"(rows));
}

// The int terms of 16 rows, or for codes those times the sum of the query's codes.
__m512i first_sums(__m512i int_terms, bool is_coded, std::int32_t query_sum) {
    return is_coded ? _mm512_mullo_epi32(int_terms, _mm512_set1_epi32(query_sum)) : int_terms;
}

// Terms of 16 rows.
struct RowTerms {
    __m512 float_terms;
    __m512 scales;
    __m512 residuals;
};

// Of 16 sums, those whose bound is not less than the threshold.
__mmask16 reaching_coded(__m512i sums, const RowTerms& rows, float residual_multiplier,
                         float multiplier, float threshold) {
    const __m512 rest =
        _mm512_fmadd_ps(rows.residuals, _mm512_set1_ps(residual_multiplier),
                        _mm512_mul_ps(rows.float_terms, _mm512_set1_ps(multiplier)));
    const __m512 bounds = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sums), rows.scales, rest);
    return _mm512_cmp_ps_mask(bounds, _mm512_set1_ps(threshold), _CMP_NLT_UQ);
}

__mmask16 reaching_scaled(__m512i sums, __m512 scales, float threshold) {
    return _mm512_cmp_ps_mask(_mm512_mul_ps(_mm512_cvtepi32_ps(sums), scales),
                              _mm512_set1_ps(threshold), _CMP_NLT_UQ);
}

__mmask16 reaching(__m512i sums, std::int32_t threshold) {
    return _mm512_cmpge_epi32_mask(sums, _mm512_set1_epi32(threshold));
}

template <typename Byte>
std::uint64_t stream(const StreamBlock& block) {
    const char* query = static_cast<const char*>(block.query);
    const std::size_t whole = block.dim / kRegisterBytes * kRegisterBytes;
    const std::size_t rest = block.dim - whole;
    const bool is_coded = block.integer_score == IntegerScore::kCoded;
    std::uint64_t survivors = 0;
    for (std::uint32_t first_row = 0; first_row < block.num_rows; first_row += kLanes) {
        const std::uint32_t num_rows = block.num_rows - first_row;
        const char* rows[kLanes];
        for (std::uint32_t i = 0; i < kLanes; ++i) {
            const std::uint32_t row = first_row + (i < num_rows ? i : num_rows - 1);
            rows[i] = static_cast<const char*>(block.rows) + row * block.row_stride_bytes;
        }
        __m512i sums[kLanes];
        for (std::uint32_t i = 0; i < kLanes; ++i)
            sums[i] = _mm512_setzero_si512();
        for (std::size_t first = 0; first < whole; first += kRegisterBytes) {
            const __m512i factors = _mm512_loadu_si512(query + first);
#pragma GCC unroll 16
            for (std::uint32_t i = 0; i < kLanes; ++i) {
                _mm_prefetch(rows[i] + first + kPrefetchBytes, _MM_HINT_T0);
                multiply_add<Byte>(sums[i], _mm512_loadu_si512(rows[i] + first), factors);
            }
        }
        if (rest != 0) {
            const __mmask64 mask = first_bytes(rest);
            const __m512i factors = _mm512_maskz_loadu_epi8(mask, query + whole);
#pragma GCC unroll 16
            for (std::uint32_t i = 0; i < kLanes; ++i) {
                multiply_add<Byte>(sums[i], _mm512_maskz_loadu_epi8(mask, rows[i] + whole),
                                   factors);
            }
        }
        const __mmask16 row_mask = first_lanes(num_rows);
        const __m512i scores = _mm512_add_epi32(
            add_lanes(sums),
            first_sums(_mm512_maskz_loadu_epi32(row_mask, block.int_terms + first_row), is_coded,
                       block.query_sum));
        std::uint64_t bits = 0;
        if (block.integer_score == IntegerScore::kSum) {
            bits = reaching(scores, block.int_threshold);
        } else if (is_coded) {
            const RowTerms terms = {_mm512_maskz_loadu_ps(row_mask, block.float_terms + first_row),
                                    _mm512_maskz_loadu_ps(row_mask, block.scales + first_row),
                                    _mm512_maskz_loadu_ps(row_mask, block.residuals + first_row)};
            bits = reaching_coded(scores, terms, block.residual_multiplier, block.multiplier,
                                  block.float_threshold);
        } else {
            bits = reaching_scaled(scores,
                                   _mm512_maskz_loadu_ps(row_mask, block.float_terms + first_row),
                                   block.float_threshold);
        }
        survivors |= (bits & row_mask) << first_row;
    }
    return survivors;
}

// Lane i is the sum of the lanes of sums[i], for 4 of them. 12 additions and shuffles.
__m128i add_lanes_of_4(const __m512i* sums) {
    const __m512i low = _mm512_add_epi32(_mm512_unpacklo_epi32(sums[0], sums[1]),
                                         _mm512_unpackhi_epi32(sums[0], sums[1]));
    const __m512i high = _mm512_add_epi32(_mm512_unpacklo_epi32(sums[2], sums[3]),
                                          _mm512_unpackhi_epi32(sums[2], sums[3]));
    const __m512i all =
        _mm512_add_epi32(_mm512_unpacklo_epi64(low, high), _mm512_unpackhi_epi64(low, high));
    const __m256i half =
        _mm256_add_epi32(_mm512_castsi512_si256(all), _mm512_extracti64x4_epi64(all, 1));
    return _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
}

template <typename Byte>
void gather(const void* query, const void* const* rows, std::size_t dim, std::uint32_t num_rows,
            std::int32_t* sums) {
    constexpr std::uint32_t kRows = 4;
    const char* factors = static_cast<const char*>(query);
    const std::size_t whole = dim / kRegisterBytes * kRegisterBytes;
    const __mmask64 mask = first_bytes(dim - whole);
    for (std::uint32_t first_row = 0; first_row < num_rows; first_row += kRows) {
        const std::uint32_t left = num_rows - first_row;
        const char* elements[kRows];
        __m512i partial[kRows];
        for (std::uint32_t i = 0; i < kRows; ++i) {
            elements[i] = static_cast<const char*>(rows[first_row + (i < left ? i : left - 1)]);
            partial[i] = _mm512_setzero_si512();
        }
        for (std::size_t first = 0; first < whole; first += kRegisterBytes) {
            const __m512i operands = _mm512_loadu_si512(factors + first);
#pragma GCC unroll 4
            for (std::uint32_t i = 0; i < kRows; ++i)
                multiply_add<Byte>(partial[i], _mm512_loadu_si512(elements[i] + first), operands);
        }
        if (mask != 0) {
            const __m512i operands = _mm512_maskz_loadu_epi8(mask, factors + whole);
#pragma GCC unroll 4
            for (std::uint32_t i = 0; i < kRows; ++i) {
                multiply_add<Byte>(partial[i], _mm512_maskz_loadu_epi8(mask, elements[i] + whole),
                                   operands);
            }
        }
        _mm_mask_storeu_epi32(sums + first_row,
                              static_cast<__mmask8>(left >= kRows ? 0xFU : (1U << left) - 1U),
                              add_lanes_of_4(partial));
    }
}

void pack(const PanelRows& rows, void* panel) {
    char* target = static_cast<char*>(panel);
    const std::size_t next_panel = kPanelRows * rows.row_stride_bytes;
    const std::size_t depth = (rows.dim + kGroupBytes - 1) / kGroupBytes;
    constexpr std::size_t kPanelStride = kPanelRows * kGroupBytes;
    std::int32_t* int_terms = reinterpret_cast<std::int32_t*>(target + depth * kPanelStride);
    float* float_terms = reinterpret_cast<float*>(int_terms + kPanelRows);
    float* scales = float_terms + kPanelRows;
    float* residuals = scales + kPanelRows;
    for (std::uint32_t half = 0; half < kPanelRows; half += kLanes) {
        const char* sources[kLanes];
        for (std::uint32_t i = 0; i < kLanes; ++i) {
            const std::uint32_t row = half + i < rows.num_rows ? half + i : rows.num_rows - 1;
            sources[i] = static_cast<const char*>(rows.rows) + row * rows.row_stride_bytes;
            int_terms[half + i] = rows.int_terms[row];
            if (rows.integer_score != IntegerScore::kSum)
                float_terms[half + i] = rows.float_terms[row];
            if (rows.integer_score != IntegerScore::kCoded) continue;
            scales[half + i] = rows.scales[row];
            residuals[half + i] = rows.residuals[row];
        }
        for (std::size_t first = 0; first < rows.dim; first += kRegisterBytes) {
            const __mmask64 mask = first_bytes(rows.dim - first);
            __m512i block[kLanes];
            for (std::uint32_t i = 0; i < kLanes; ++i) {
                // The rows of the next panel, which are wanted when this one has been scored.
                _mm_prefetch(sources[i] + first + next_panel, _MM_HINT_T1);
                block[i] = _mm512_maskz_loadu_epi8(mask, sources[i] + first);
            }
            transpose(block);
            const std::size_t first_group = first / kGroupBytes;
            const std::size_t count =
                depth - first_group < kLanes ? depth - first_group : std::size_t{kLanes};
            for (std::size_t i = 0; i < count; ++i) {
                _mm512_storeu_si512(target + (first_group + i) * kPanelStride + half * kGroupBytes,
                                    block[i]);
            }
        }
    }
}

template <typename Byte, std::uint32_t kQueries>
std::uint64_t score(const std::int32_t* panel, const std::int32_t* tile, std::size_t depth,
                    IntegerScore kind, const TileTerms& tile_terms, std::uint64_t* survivors) {
    const std::int32_t* int_terms = panel + depth * kPanelRows;
    const float* float_terms = reinterpret_cast<const float*>(int_terms + kPanelRows);
    const bool is_coded = kind == IntegerScore::kCoded;
    __m512i low[kQueries];
    __m512i high[kQueries];
#pragma GCC unroll 12
    for (std::uint32_t query = 0; query < kQueries; ++query) {
        const std::int32_t query_sum = is_coded ? tile_terms.query_sums[query] : 0;
        low[query] = first_sums(_mm512_loadu_si512(int_terms), is_coded, query_sum);
        high[query] = first_sums(_mm512_loadu_si512(int_terms + kLanes), is_coded, query_sum);
    }
    for (std::size_t i = 0; i < depth; ++i) {
        const __m512i low_rows = _mm512_loadu_si512(panel);
        const __m512i high_rows = _mm512_loadu_si512(panel + kLanes);
#pragma GCC unroll 12
        for (std::uint32_t query = 0; query < kQueries; ++query) {
            const __m512i factors = _mm512_set1_epi32(tile[query]);
            multiply_add<Byte>(low[query], low_rows, factors);
            multiply_add<Byte>(high[query], high_rows, factors);
        }
        panel += kPanelRows;
        tile += kTileQueries;
    }
    const std::int32_t* int_thresholds = static_cast<const std::int32_t*>(tile_terms.thresholds);
    const float* float_thresholds = static_cast<const float*>(tile_terms.thresholds);
    std::uint32_t any = 0;
    if (kind == IntegerScore::kSum) {
#pragma GCC unroll 12
        for (std::uint32_t query = 0; query < kQueries; ++query) {
            const std::uint32_t low_bits = reaching(low[query], int_thresholds[query]);
            const std::uint32_t high_bits = reaching(high[query], int_thresholds[query]);
            survivors[query] = low_bits | high_bits << kLanes;
            any |= low_bits | high_bits << kLanes;
        }
        return any;
    }
    const __m512 low_terms = _mm512_loadu_ps(float_terms);
    const __m512 high_terms = _mm512_loadu_ps(float_terms + kLanes);
    if (kind == IntegerScore::kScaled) {
#pragma GCC unroll 12
        for (std::uint32_t query = 0; query < kQueries; ++query) {
            const float threshold = float_thresholds[query];
            const std::uint32_t low_bits = reaching_scaled(low[query], low_terms, threshold);
            const std::uint32_t high_bits = reaching_scaled(high[query], high_terms, threshold);
            survivors[query] = low_bits | high_bits << kLanes;
            any |= low_bits | high_bits << kLanes;
        }
        return any;
    }
    // One half after the other: the terms of both would not fit beside the sums.
    const float* scales = float_terms + kPanelRows;
    const float* residuals = scales + kPanelRows;
    const RowTerms low_rows = {low_terms, _mm512_loadu_ps(scales), _mm512_loadu_ps(residuals)};
    std::uint32_t low_bits[kQueries];
#pragma GCC unroll 12
    for (std::uint32_t query = 0; query < kQueries; ++query) {
        low_bits[query] =
            reaching_coded(low[query], low_rows, tile_terms.residual_multipliers[query],
                           tile_terms.multipliers[query], float_thresholds[query]);
    }
    const RowTerms high_rows = {high_terms, _mm512_loadu_ps(scales + kLanes),
                                _mm512_loadu_ps(residuals + kLanes)};
#pragma GCC unroll 12
    for (std::uint32_t query = 0; query < kQueries; ++query) {
        const std::uint32_t high_bits =
            reaching_coded(high[query], high_rows, tile_terms.residual_multipliers[query],
                           tile_terms.multipliers[query], float_thresholds[query]);
        survivors[query] = low_bits[query] | high_bits << kLanes;
        any |= low_bits[query] | high_bits << kLanes;
    }
    return any;
}

template <typename Byte>
std::uint64_t score_panel(const void* panel, const void* tile, std::size_t depth,
                          std::uint32_t num_queries, IntegerScore kind, const TileTerms& terms,
                          std::uint64_t* survivors) {
    const std::int32_t* rows = static_cast<const std::int32_t*>(panel);
    const std::int32_t* queries = static_cast<const std::int32_t*>(tile);
    if (num_queries <= 4) return score<Byte, 4>(rows, queries, depth, kind, terms, survivors);
    if (num_queries <= 8) return score<Byte, 8>(rows, queries, depth, kind, terms, survivors);
    return score<Byte, 12>(rows, queries, depth, kind, terms, survivors);
}

}  // namespace

const IntegerKernels kAvx512Integers = {
    kPanelRows,
    kTileQueries,
    1,
    128,
    stream<std::uint8_t>,
    pack,
    score_panel<std::uint8_t>,
    gather<std::uint8_t>,
};
const IntegerKernels kAvx512SignedIntegers = {
    kPanelRows,          kTileQueries, 1, -128, stream<std::int8_t>, pack, score_panel<std::int8_t>,
    gather<std::int8_t>,
};

}  // namespace skep::cpu
