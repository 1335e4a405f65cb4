// SPDX-License-Identifier: MIT
// Exact distances: the 16 partial sums are the lanes of two registers of 8 doubles.
// Tail: masked loads of zeros; adding a product of zeros changes no sum. The two chains of
// additions bound the speed at dim/16 * 4 cycles, which is enough for the few rows that get here.
#include <cstdint>

#include <immintrin.h>

#include "kernels/avx512/registers.hpp"
#include "kernels/avx512/tables.hpp"

namespace skep::cpu {
namespace {

constexpr std::size_t kStep = 16;

struct Doubles16 {
    __m512d low;
    __m512d high;
};

// The first `count` of 16 elements, zeros behind them.
Doubles16 load_doubles(const double* values, std::size_t count) {
    if (count >= kStep) return {_mm512_loadu_pd(values), _mm512_loadu_pd(values + 8)};
    const unsigned mask = (1U << count) - 1;
    return {_mm512_maskz_loadu_pd(static_cast<__mmask8>(mask), values),
            _mm512_maskz_loadu_pd(static_cast<__mmask8>(mask >> 8U), values + 8)};
}

template <typename Element>
Doubles16 load_row(const void* row, std::size_t first, std::size_t count);

template <>
Doubles16 load_row<float>(const void* row, std::size_t first, std::size_t count) {
    const float* values = static_cast<const float*>(row) + first;
    if (count >= kStep) {
        return {_mm512_cvtps_pd(_mm256_loadu_ps(values)),
                _mm512_cvtps_pd(_mm256_loadu_ps(values + 8))};
    }
    const unsigned mask = (1U << count) - 1;
    return {_mm512_cvtps_pd(_mm256_maskz_loadu_ps(static_cast<__mmask8>(mask), values)),
            _mm512_cvtps_pd(_mm256_maskz_loadu_ps(static_cast<__mmask8>(mask >> 8U), values + 8))};
}

Doubles16 doubles(__m512 floats) {
    return {_mm512_cvtps_pd(_mm512_castps512_ps256(floats)),
            _mm512_cvtps_pd(_mm512_extractf32x8_ps(floats, 1))};
}

Doubles16 doubles(__m512i integers) {
    return {_mm512_cvtepi32_pd(_mm512_castsi512_si256(integers)),
            _mm512_cvtepi32_pd(_mm512_extracti64x4_epi64(integers, 1))};
}

// The first `count` of 16 elements of 16 bits or of bytes, zeros behind them.
__m256i load_halves(const void* values, std::size_t count) {
    if (count >= kStep) return _mm256_loadu_si256(static_cast<const __m256i*>(values));
    return _mm256_maskz_loadu_epi16(static_cast<__mmask16>((1U << count) - 1), values);
}

__m128i load_bytes(const void* values, std::size_t count) {
    if (count >= kStep) return _mm_loadu_si128(static_cast<const __m128i*>(values));
    return _mm_maskz_loadu_epi8(static_cast<__mmask16>((1U << count) - 1), values);
}

template <>
Doubles16 load_row<F16>(const void* row, std::size_t first, std::size_t count) {
    return doubles(f16_floats(load_halves(static_cast<const F16*>(row) + first, count)));
}

template <>
Doubles16 load_row<Bf16>(const void* row, std::size_t first, std::size_t count) {
    return doubles(bf16_floats(load_halves(static_cast<const Bf16*>(row) + first, count)));
}

template <>
Doubles16 load_row<std::int8_t>(const void* row, std::size_t first, std::size_t count) {
    return doubles(
        _mm512_cvtepi8_epi32(load_bytes(static_cast<const std::int8_t*>(row) + first, count)));
}

template <>
Doubles16 load_row<std::uint8_t>(const void* row, std::size_t first, std::size_t count) {
    return doubles(
        _mm512_cvtepu8_epi32(load_bytes(static_cast<const std::uint8_t*>(row) + first, count)));
}

double fold(const Doubles16& sums) {
    const __m512d eight = _mm512_add_pd(sums.low, sums.high);
    const __m256d four =
        _mm256_add_pd(_mm512_castpd512_pd256(eight), _mm512_extractf64x4_pd(eight, 1));
    const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
    return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}

template <typename Element>
double squared_l2(const double* query, const void* row, std::size_t dim) {
    Doubles16 sums = {_mm512_setzero_pd(), _mm512_setzero_pd()};
    for (std::size_t first = 0; first < dim; first += kStep) {
        const std::size_t count = dim - first;
        const Doubles16 a = load_doubles(query + first, count);
        const Doubles16 b = load_row<Element>(row, first, count);
        const __m512d low = _mm512_sub_pd(a.low, b.low);
        const __m512d high = _mm512_sub_pd(a.high, b.high);
        sums.low = _mm512_add_pd(sums.low, _mm512_mul_pd(low, low));
        sums.high = _mm512_add_pd(sums.high, _mm512_mul_pd(high, high));
    }
    return fold(sums);
}

template <typename Element>
double dot(const double* query, const void* row, std::size_t dim) {
    Doubles16 sums = {_mm512_setzero_pd(), _mm512_setzero_pd()};
    for (std::size_t first = 0; first < dim; first += kStep) {
        const std::size_t count = dim - first;
        const Doubles16 a = load_doubles(query + first, count);
        const Doubles16 b = load_row<Element>(row, first, count);
        sums.low = _mm512_add_pd(sums.low, _mm512_mul_pd(a.low, b.low));
        sums.high = _mm512_add_pd(sums.high, _mm512_mul_pd(a.high, b.high));
    }
    return fold(sums);
}

template <typename Element>
double squared_norm(const void* row, std::size_t dim) {
    Doubles16 sums = {_mm512_setzero_pd(), _mm512_setzero_pd()};
    for (std::size_t first = 0; first < dim; first += kStep) {
        const std::size_t count = dim - first;
        const Doubles16 a = load_row<Element>(row, first, count);
        sums.low = _mm512_add_pd(sums.low, _mm512_mul_pd(a.low, a.low));
        sums.high = _mm512_add_pd(sums.high, _mm512_mul_pd(a.high, a.high));
    }
    return fold(sums);
}

template <typename Element>
constexpr ExactKernels kExact = {squared_l2<Element>, dot<Element>, squared_norm<Element>};

}  // namespace

const ExactKernels kAvx512Exact[kNumElementTypes] = {
    kExact<float>, kExact<F16>, kExact<Bf16>, kExact<std::int8_t>, kExact<std::uint8_t>,
};

}  // namespace skep::cpu
