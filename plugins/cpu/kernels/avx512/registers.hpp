// SPDX-License-Identifier: MIT
// Sums and transpositions of 16 registers of 16 lanes. Static: no symbol leaves a kernel file.
#pragma once

#include <immintrin.h>

namespace skep::cpu {

// Sixteen 16-bit floats as floats.
static inline __m512 f16_floats(__m256i halves) {
    return _mm512_cvtph_ps(halves);
}

static inline __m512 bf16_floats(__m256i halves) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
}

// Lane i of the result is the sum of the lanes of sums[i]. 15 additions, 30 shuffles.
static inline __m512 add_lanes(const __m512* sums) {
    __m512 pairs[8];
    for (int i = 0; i < 8; ++i) {
        pairs[i] = _mm512_add_ps(_mm512_unpacklo_ps(sums[2 * i], sums[2 * i + 1]),
                                 _mm512_unpackhi_ps(sums[2 * i], sums[2 * i + 1]));
    }
    __m512 fours[4];
    for (int i = 0; i < 4; ++i) {
        const __m512d a = _mm512_castps_pd(pairs[2 * i]);
        const __m512d b = _mm512_castps_pd(pairs[2 * i + 1]);
        fours[i] = _mm512_add_ps(_mm512_castpd_ps(_mm512_unpacklo_pd(a, b)),
                                 _mm512_castpd_ps(_mm512_unpackhi_pd(a, b)));
    }
    __m512 eights[2];
    for (int i = 0; i < 2; ++i) {
        eights[i] = _mm512_add_ps(_mm512_shuffle_f32x4(fours[2 * i], fours[2 * i + 1], 0x88),
                                  _mm512_shuffle_f32x4(fours[2 * i], fours[2 * i + 1], 0xDD));
    }
    return _mm512_add_ps(_mm512_shuffle_f32x4(eights[0], eights[1], 0x88),
                         _mm512_shuffle_f32x4(eights[0], eights[1], 0xDD));
}

// The same of integers.
static inline __m512i add_lanes(const __m512i* sums) {
    __m512i pairs[8];
    for (int i = 0; i < 8; ++i) {
        pairs[i] = _mm512_add_epi32(_mm512_unpacklo_epi32(sums[2 * i], sums[2 * i + 1]),
                                    _mm512_unpackhi_epi32(sums[2 * i], sums[2 * i + 1]));
    }
    __m512i fours[4];
    for (int i = 0; i < 4; ++i) {
        fours[i] = _mm512_add_epi32(_mm512_unpacklo_epi64(pairs[2 * i], pairs[2 * i + 1]),
                                    _mm512_unpackhi_epi64(pairs[2 * i], pairs[2 * i + 1]));
    }
    __m512i eights[2];
    for (int i = 0; i < 2; ++i) {
        eights[i] = _mm512_add_epi32(_mm512_shuffle_i32x4(fours[2 * i], fours[2 * i + 1], 0x88),
                                     _mm512_shuffle_i32x4(fours[2 * i], fours[2 * i + 1], 0xDD));
    }
    return _mm512_add_epi32(_mm512_shuffle_i32x4(eights[0], eights[1], 0x88),
                            _mm512_shuffle_i32x4(eights[0], eights[1], 0xDD));
}

// Lane j of register i becomes lane i of register j. 64 shuffles.
static inline void transpose(__m512i* r) {
    __m512i t[16];
    for (int i = 0; i < 8; ++i) {
        t[2 * i] = _mm512_unpacklo_epi32(r[2 * i], r[2 * i + 1]);
        t[2 * i + 1] = _mm512_unpackhi_epi32(r[2 * i], r[2 * i + 1]);
    }
    // r[4 i + j]: in each quarter q, lane 4 q + j of rows 4 i to 4 i + 3.
    for (int i = 0; i < 4; ++i) {
        r[4 * i] = _mm512_unpacklo_epi64(t[4 * i], t[4 * i + 2]);
        r[4 * i + 1] = _mm512_unpackhi_epi64(t[4 * i], t[4 * i + 2]);
        r[4 * i + 2] = _mm512_unpacklo_epi64(t[4 * i + 1], t[4 * i + 3]);
        r[4 * i + 3] = _mm512_unpackhi_epi64(t[4 * i + 1], t[4 * i + 3]);
    }
    // Transpose the 4 x 4 quarters of (r[j], r[4 + j], r[8 + j], r[12 + j]).
    for (int j = 0; j < 4; ++j) {
        const __m512i a = _mm512_shuffle_i32x4(r[j], r[4 + j], 0x44);       // a0 a1 b0 b1
        const __m512i b = _mm512_shuffle_i32x4(r[j], r[4 + j], 0xEE);       // a2 a3 b2 b3
        const __m512i c = _mm512_shuffle_i32x4(r[8 + j], r[12 + j], 0x44);  // c0 c1 d0 d1
        const __m512i d = _mm512_shuffle_i32x4(r[8 + j], r[12 + j], 0xEE);  // c2 c3 d2 d3
        t[j] = _mm512_shuffle_i32x4(a, c, 0x88);
        t[4 + j] = _mm512_shuffle_i32x4(a, c, 0xDD);
        t[8 + j] = _mm512_shuffle_i32x4(b, d, 0x88);
        t[12 + j] = _mm512_shuffle_i32x4(b, d, 0xDD);
    }
    for (int i = 0; i < 16; ++i)
        r[i] = t[i];
}

}  // namespace skep::cpu
