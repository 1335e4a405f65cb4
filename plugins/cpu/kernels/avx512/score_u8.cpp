// SPDX-License-Identifier: MIT
// Exact integer scores of u8 rows and queries with VNNI: vpdpbusd multiplies four unsigned bytes of
// a row by four signed ones of the query, which is why queries are shifted by 128, and adds all
// four to a 32-bit lane. Four times the multiply-adds of float in the same shape of tile.
//
// Stream  16 rows at a time, one accumulator each, lanes added by one transposing tree.
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

// sums += the dot products of four unsigned bytes of rows and four signed ones of factors. As an
// instruction, since GCC 12 copies every accumulator around the intrinsic, twice per step.
void multiply_add(__m512i& sums, __m512i rows, __m512i factors) {
    asm("vpdpbusd %2, %1, %0" : "+v"(sums) : "v"(rows), "v"(factors));
}

std::uint64_t stream(const StreamBlock& block) {
    const char* query = static_cast<const char*>(block.query);
    const std::size_t whole = block.dim / kRegisterBytes * kRegisterBytes;
    const std::size_t rest = block.dim - whole;
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
                multiply_add(sums[i], _mm512_loadu_si512(rows[i] + first), factors);
            }
        }
        if (rest != 0) {
            const __mmask64 mask = first_bytes(rest);
            const __m512i factors = _mm512_maskz_loadu_epi8(mask, query + whole);
#pragma GCC unroll 16
            for (std::uint32_t i = 0; i < kLanes; ++i) {
                multiply_add(sums[i], _mm512_maskz_loadu_epi8(mask, rows[i] + whole), factors);
            }
        }
        const __mmask16 row_mask = first_lanes(num_rows);
        const __m512i scores = _mm512_add_epi32(
            add_lanes(sums), _mm512_maskz_loadu_epi32(row_mask, block.int_terms + first_row));
        std::uint64_t bits = 0;
        if (block.is_scaled != 0) {
            const __m512 scales = _mm512_maskz_loadu_ps(row_mask, block.float_terms + first_row);
            bits =
                _mm512_mask_cmp_ps_mask(row_mask, _mm512_mul_ps(_mm512_cvtepi32_ps(scores), scales),
                                        _mm512_set1_ps(block.float_threshold), _CMP_NLT_UQ);
        } else {
            bits = _mm512_mask_cmpge_epi32_mask(row_mask, scores,
                                                _mm512_set1_epi32(block.int_threshold));
        }
        survivors |= bits << first_row;
    }
    return survivors;
}

void pack(const PanelRows& rows, void* panel) {
    char* target = static_cast<char*>(panel);
    const std::size_t next_panel = kPanelRows * rows.row_stride_bytes;
    const std::size_t depth = (rows.dim + kGroupBytes - 1) / kGroupBytes;
    constexpr std::size_t kPanelStride = kPanelRows * kGroupBytes;
    for (std::uint32_t half = 0; half < kPanelRows; half += kLanes) {
        const char* sources[kLanes];
        std::int32_t int_terms[kLanes];
        float scales[kLanes];
        for (std::uint32_t i = 0; i < kLanes; ++i) {
            const std::uint32_t row = half + i < rows.num_rows ? half + i : rows.num_rows - 1;
            sources[i] = static_cast<const char*>(rows.rows) + row * rows.row_stride_bytes;
            int_terms[i] = rows.int_terms[row];
            scales[i] = rows.is_scaled != 0 ? rows.float_terms[row] : 0.0F;
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
        _mm512_storeu_si512(target + depth * kPanelStride + half * kGroupBytes,
                            _mm512_loadu_si512(int_terms));
        _mm512_storeu_ps(target + (depth + 1) * kPanelStride + half * kGroupBytes,
                         _mm512_loadu_ps(scales));
    }
}

template <std::uint32_t kQueries>
std::uint64_t score(const std::int32_t* panel, const std::int32_t* tile, std::size_t depth,
                    bool is_scaled, const void* thresholds, std::uint64_t* survivors) {
    const std::int32_t* terms = panel + depth * kPanelRows;
    const std::int32_t* scales = terms + kPanelRows;
    __m512i low[kQueries];
    __m512i high[kQueries];
#pragma GCC unroll 12
    for (std::uint32_t query = 0; query < kQueries; ++query) {
        low[query] = _mm512_loadu_si512(terms);
        high[query] = _mm512_loadu_si512(terms + kLanes);
    }
    for (std::size_t i = 0; i < depth; ++i) {
        const __m512i low_rows = _mm512_loadu_si512(panel);
        const __m512i high_rows = _mm512_loadu_si512(panel + kLanes);
#pragma GCC unroll 12
        for (std::uint32_t query = 0; query < kQueries; ++query) {
            const __m512i factors = _mm512_set1_epi32(tile[query]);
            multiply_add(low[query], low_rows, factors);
            multiply_add(high[query], high_rows, factors);
        }
        panel += kPanelRows;
        tile += kTileQueries;
    }
    std::uint32_t any = 0;
    if (is_scaled) {
        const __m512 low_scales = _mm512_loadu_ps(scales);
        const __m512 high_scales = _mm512_loadu_ps(scales + kLanes);
#pragma GCC unroll 12
        for (std::uint32_t query = 0; query < kQueries; ++query) {
            const __m512 threshold = _mm512_set1_ps(static_cast<const float*>(thresholds)[query]);
            const __m512 low_scores = _mm512_mul_ps(_mm512_cvtepi32_ps(low[query]), low_scales);
            const __m512 high_scores = _mm512_mul_ps(_mm512_cvtepi32_ps(high[query]), high_scales);
            const std::uint32_t low_bits = _mm512_cmp_ps_mask(low_scores, threshold, _CMP_NLT_UQ);
            const std::uint32_t high_bits = _mm512_cmp_ps_mask(high_scores, threshold, _CMP_NLT_UQ);
            const std::uint32_t bits = low_bits | high_bits << kLanes;
            survivors[query] = bits;
            any |= bits;
        }
        return any;
    }
#pragma GCC unroll 12
    for (std::uint32_t query = 0; query < kQueries; ++query) {
        const __m512i threshold =
            _mm512_set1_epi32(static_cast<const std::int32_t*>(thresholds)[query]);
        const std::uint32_t low_bits = _mm512_cmpge_epi32_mask(low[query], threshold);
        const std::uint32_t high_bits = _mm512_cmpge_epi32_mask(high[query], threshold);
        const std::uint32_t bits = low_bits | high_bits << kLanes;
        survivors[query] = bits;
        any |= bits;
    }
    return any;
}

std::uint64_t score_panel(const void* panel, const void* tile, std::size_t depth,
                          std::uint32_t num_queries, std::uint32_t is_scaled,
                          const void* thresholds, std::uint64_t* survivors) {
    const std::int32_t* rows = static_cast<const std::int32_t*>(panel);
    const std::int32_t* queries = static_cast<const std::int32_t*>(tile);
    const bool scaled = is_scaled != 0;
    if (num_queries <= 4) return score<4>(rows, queries, depth, scaled, thresholds, survivors);
    if (num_queries <= 8) return score<8>(rows, queries, depth, scaled, thresholds, survivors);
    return score<12>(rows, queries, depth, scaled, thresholds, survivors);
}

}  // namespace

const IntegerKernels kAvx512Integers = {
    kPanelRows, kTileQueries, 1, 128, stream, pack, score_panel,
};

}  // namespace skep::cpu
