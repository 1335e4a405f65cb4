// SPDX-License-Identifier: MIT
// Loads, sums and transpositions of registers of 8 lanes. Static: no symbol leaves a kernel file.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace skep::cpu {

// The first `count` of 8 floats, zeros behind them.
static inline __m256 load_floats(const void* values, std::size_t count) {
    if (count >= 8) return _mm256_loadu_ps(static_cast<const float*>(values));
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    const __m256i mask = _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)), lane);
    return _mm256_maskload_ps(static_cast<const float*>(values), mask);
}

// The first `count` of 8 bytes, zeros behind them.
static inline __m128i load_8_bytes(const void* values, std::size_t count) {
    if (count >= 8) return _mm_loadl_epi64(static_cast<const __m128i*>(values));
    std::uint64_t word = 0;
    __builtin_memcpy(&word, values, count);
    return _mm_cvtsi64_si128(static_cast<long long>(word));
}

// The first `count` of 16 bytes, zeros behind them.
static inline __m128i load_16_bytes(const void* values, std::size_t count) {
    if (count >= 16) return _mm_loadu_si128(static_cast<const __m128i*>(values));
    unsigned char bytes[16] = {};
    __builtin_memcpy(bytes, values, count);
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
}

// Eight 16-bit floats as floats.
static inline __m256 f16_floats(__m128i halves) {
    return _mm256_cvtph_ps(halves);
}

static inline __m256 bf16_floats(__m128i halves) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
}

// Lane i of the result is the sum of the lanes of sums[i].
static inline __m256 add_lanes(const __m256* sums) {
    const __m256 a =
        _mm256_hadd_ps(_mm256_hadd_ps(sums[0], sums[1]), _mm256_hadd_ps(sums[2], sums[3]));
    const __m256 b =
        _mm256_hadd_ps(_mm256_hadd_ps(sums[4], sums[5]), _mm256_hadd_ps(sums[6], sums[7]));
    return _mm256_add_ps(_mm256_permute2f128_ps(a, b, 0x20), _mm256_permute2f128_ps(a, b, 0x31));
}

// The same of integers.
static inline __m256i add_lanes(const __m256i* sums) {
    const __m256i a =
        _mm256_hadd_epi32(_mm256_hadd_epi32(sums[0], sums[1]), _mm256_hadd_epi32(sums[2], sums[3]));
    const __m256i b =
        _mm256_hadd_epi32(_mm256_hadd_epi32(sums[4], sums[5]), _mm256_hadd_epi32(sums[6], sums[7]));
    return _mm256_add_epi32(_mm256_permute2x128_si256(a, b, 0x20),
                            _mm256_permute2x128_si256(a, b, 0x31));
}

// Lane j of register i becomes lane i of register j.
static inline void transpose(__m256i* r) {
    __m256i t[8];
    for (int i = 0; i < 4; ++i) {
        t[2 * i] = _mm256_unpacklo_epi32(r[2 * i], r[2 * i + 1]);
        t[2 * i + 1] = _mm256_unpackhi_epi32(r[2 * i], r[2 * i + 1]);
    }
    for (int i = 0; i < 2; ++i) {
        r[4 * i] = _mm256_unpacklo_epi64(t[4 * i], t[4 * i + 2]);
        r[4 * i + 1] = _mm256_unpackhi_epi64(t[4 * i], t[4 * i + 2]);
        r[4 * i + 2] = _mm256_unpacklo_epi64(t[4 * i + 1], t[4 * i + 3]);
        r[4 * i + 3] = _mm256_unpackhi_epi64(t[4 * i + 1], t[4 * i + 3]);
    }
    for (int j = 0; j < 4; ++j) {
        t[j] = _mm256_permute2x128_si256(r[j], r[4 + j], 0x20);
        t[4 + j] = _mm256_permute2x128_si256(r[j], r[4 + j], 0x31);
    }
    for (int i = 0; i < 8; ++i)
        r[i] = t[i];
}

}  // namespace skep::cpu
