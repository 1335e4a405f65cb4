// SPDX-License-Identifier: MIT
// Exact distances: the 16 partial sums are the lanes of four registers of 4 doubles.
// Tail: copied into zeroed memory; adding a product of zeros changes no sum.
#include <cstdint>

#include <immintrin.h>

#include "kernels/avx2/registers.hpp"
#include "kernels/avx2/tables.hpp"

namespace skep::cpu {
namespace {

constexpr std::size_t kStep = 16;
constexpr std::size_t kRegisters = 4;
constexpr std::size_t kLanes = 4;

struct Doubles16 {
    __m256d part[kRegisters];
};

Doubles16 load_step(const double* values) {
    Doubles16 loaded;
    for (std::size_t i = 0; i < kRegisters; ++i)
        loaded.part[i] = _mm256_loadu_pd(values + i * kLanes);
    return loaded;
}

Doubles16 load_step(const float* values) {
    Doubles16 loaded;
    for (std::size_t i = 0; i < kRegisters; ++i)
        loaded.part[i] = _mm256_cvtps_pd(_mm_loadu_ps(values + i * kLanes));
    return loaded;
}

Doubles16 doubles(__m256 low, __m256 high) {
    return {{_mm256_cvtps_pd(_mm256_castps256_ps128(low)),
             _mm256_cvtps_pd(_mm256_extractf128_ps(low, 1)),
             _mm256_cvtps_pd(_mm256_castps256_ps128(high)),
             _mm256_cvtps_pd(_mm256_extractf128_ps(high, 1))}};
}

Doubles16 load_step(const F16* values) {
    return doubles(f16_floats(load_16_bytes(values, 16)),
                   f16_floats(load_16_bytes(values + 8, 16)));
}

Doubles16 load_step(const Bf16* values) {
    return doubles(bf16_floats(load_16_bytes(values, 16)),
                   bf16_floats(load_16_bytes(values + 8, 16)));
}

__m128i load_4_bytes(const void* values) {
    std::int32_t word;
    __builtin_memcpy(&word, values, sizeof word);
    return _mm_cvtsi32_si128(word);
}

Doubles16 load_step(const std::int8_t* values) {
    Doubles16 loaded;
    for (std::size_t i = 0; i < kRegisters; ++i)
        loaded.part[i] = _mm256_cvtepi32_pd(_mm_cvtepi8_epi32(load_4_bytes(values + i * kLanes)));
    return loaded;
}

Doubles16 load_step(const std::uint8_t* values) {
    Doubles16 loaded;
    for (std::size_t i = 0; i < kRegisters; ++i)
        loaded.part[i] = _mm256_cvtepi32_pd(_mm_cvtepu8_epi32(load_4_bytes(values + i * kLanes)));
    return loaded;
}

// The first `count` of 16 elements, zeros behind them.
template <typename Element>
Doubles16 load(const Element* values, std::size_t count) {
    if (count >= kStep) return load_step(values);
    Element padded[kStep] = {};
    __builtin_memcpy(padded, values, count * sizeof(Element));
    return load_step(padded);
}

double fold(const Doubles16& sums) {
    const __m256d low = _mm256_add_pd(sums.part[0], sums.part[2]);
    const __m256d high = _mm256_add_pd(sums.part[1], sums.part[3]);
    const __m256d four = _mm256_add_pd(low, high);
    const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
    return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}

template <typename Element>
double squared_l2(const double* query, const void* row, std::size_t dim) {
    const Element* elements = static_cast<const Element*>(row);
    Doubles16 sums = {};
    for (std::size_t first = 0; first < dim; first += kStep) {
        const Doubles16 a = load(query + first, dim - first);
        const Doubles16 b = load(elements + first, dim - first);
        for (std::size_t i = 0; i < kRegisters; ++i) {
            const __m256d difference = _mm256_sub_pd(a.part[i], b.part[i]);
            sums.part[i] = _mm256_add_pd(sums.part[i], _mm256_mul_pd(difference, difference));
        }
    }
    return fold(sums);
}

template <typename Element>
double dot(const double* query, const void* row, std::size_t dim) {
    const Element* elements = static_cast<const Element*>(row);
    Doubles16 sums = {};
    for (std::size_t first = 0; first < dim; first += kStep) {
        const Doubles16 a = load(query + first, dim - first);
        const Doubles16 b = load(elements + first, dim - first);
        for (std::size_t i = 0; i < kRegisters; ++i)
            sums.part[i] = _mm256_add_pd(sums.part[i], _mm256_mul_pd(a.part[i], b.part[i]));
    }
    return fold(sums);
}

template <typename Element>
double squared_norm(const void* row, std::size_t dim) {
    const Element* elements = static_cast<const Element*>(row);
    Doubles16 sums = {};
    for (std::size_t first = 0; first < dim; first += kStep) {
        const Doubles16 a = load(elements + first, dim - first);
        for (std::size_t i = 0; i < kRegisters; ++i)
            sums.part[i] = _mm256_add_pd(sums.part[i], _mm256_mul_pd(a.part[i], a.part[i]));
    }
    return fold(sums);
}

template <typename Element>
constexpr ExactKernels kExact = {squared_l2<Element>, dot<Element>, squared_norm<Element>};

}  // namespace

const ExactKernels kAvx2Exact[kNumElementTypes] = {
    kExact<float>, kExact<F16>, kExact<Bf16>, kExact<std::int8_t>, kExact<std::uint8_t>,
};

}  // namespace skep::cpu
