// SPDX-License-Identifier: MIT
// Exact distances: the 16 partial sums are the lanes of eight registers of 2 doubles.
// Tail: copied into zeroed memory; adding a product of zeros changes no sum.
#include "kernels/neon/registers.hpp"

#include <cstdint>

#include "kernels/neon/tables.hpp"

namespace skep::cpu {
namespace {

constexpr std::size_t kStep = 16;
constexpr std::size_t kRegisters = 8;

struct Doubles16 {
    float64x2_t part[kRegisters];
};

Doubles16 load_step(const double* values) {
    Doubles16 loaded;
    for (std::size_t i = 0; i < kRegisters; ++i)
        loaded.part[i] = vld1q_f64(values + 2 * i);
    return loaded;
}

Doubles16 load_step(const float* values) {
    Doubles16 loaded;
    const char* bytes = reinterpret_cast<const char*>(values);
    for (std::size_t i = 0; i < kRegisters; i += 2) {
        const float32x4_t four = load_4_floats(bytes + 2 * i * sizeof(float));
        loaded.part[i] = vcvt_f64_f32(vget_low_f32(four));
        loaded.part[i + 1] = vcvt_high_f64_f32(four);
    }
    return loaded;
}

Doubles16 doubles(const Floats8& low, const Floats8& high) {
    Doubles16 loaded;
    const float32x4_t quarters[4] = {low.low, low.high, high.low, high.high};
    for (std::size_t i = 0; i < 4; ++i) {
        loaded.part[2 * i] = vcvt_f64_f32(vget_low_f32(quarters[i]));
        loaded.part[2 * i + 1] = vcvt_high_f64_f32(quarters[i]);
    }
    return loaded;
}

Doubles16 load_step(const F16* values) {
    return doubles(f16_floats(values), f16_floats(values + 8));
}

Doubles16 load_step(const Bf16* values) {
    return doubles(bf16_floats(values), bf16_floats(values + 8));
}

Doubles16 load_step(const std::int8_t* values) {
    Doubles16 loaded;
    const int8x16_t bytes = vld1q_s8(values);
    const int16x8_t halves[2] = {vmovl_s8(vget_low_s8(bytes)), vmovl_high_s8(bytes)};
    for (std::size_t i = 0; i < 2; ++i) {
        const int32x4_t low = vmovl_s16(vget_low_s16(halves[i]));
        const int32x4_t high = vmovl_high_s16(halves[i]);
        loaded.part[4 * i] = vcvtq_f64_s64(vmovl_s32(vget_low_s32(low)));
        loaded.part[4 * i + 1] = vcvtq_f64_s64(vmovl_high_s32(low));
        loaded.part[4 * i + 2] = vcvtq_f64_s64(vmovl_s32(vget_low_s32(high)));
        loaded.part[4 * i + 3] = vcvtq_f64_s64(vmovl_high_s32(high));
    }
    return loaded;
}

Doubles16 load_step(const std::uint8_t* values) {
    Doubles16 loaded;
    const uint8x16_t bytes = vld1q_u8(values);
    const uint16x8_t halves[2] = {vmovl_u8(vget_low_u8(bytes)), vmovl_high_u8(bytes)};
    for (std::size_t i = 0; i < 2; ++i) {
        const uint32x4_t low = vmovl_u16(vget_low_u16(halves[i]));
        const uint32x4_t high = vmovl_high_u16(halves[i]);
        loaded.part[4 * i] = vcvtq_f64_u64(vmovl_u32(vget_low_u32(low)));
        loaded.part[4 * i + 1] = vcvtq_f64_u64(vmovl_high_u32(low));
        loaded.part[4 * i + 2] = vcvtq_f64_u64(vmovl_u32(vget_low_u32(high)));
        loaded.part[4 * i + 3] = vcvtq_f64_u64(vmovl_high_u32(high));
    }
    return loaded;
}

// The first `count` of 16 elements, zeros behind them.
template <typename Element>
Doubles16 load(const Element* values, std::size_t count) {
    if (count >= kStep) return load_step(values);
    Element padded[kStep] = {};
    __builtin_memcpy(padded, static_cast<const void*>(values), count * sizeof(Element));
    return load_step(padded);
}

double fold(Doubles16 sums) {
    for (std::size_t width = kRegisters / 2; width > 0; width /= 2) {
        for (std::size_t i = 0; i < width; ++i)
            sums.part[i] = vaddq_f64(sums.part[i], sums.part[i + width]);
    }
    return vgetq_lane_f64(sums.part[0], 0) + vgetq_lane_f64(sums.part[0], 1);
}

template <typename Element>
double squared_l2(const double* query, const void* row, std::size_t dim) {
    const Element* elements = static_cast<const Element*>(row);
    Doubles16 sums = {};
    for (std::size_t first = 0; first < dim; first += kStep) {
        const Doubles16 a = load(query + first, dim - first);
        const Doubles16 b = load(elements + first, dim - first);
        for (std::size_t i = 0; i < kRegisters; ++i) {
            const float64x2_t difference = vsubq_f64(a.part[i], b.part[i]);
            sums.part[i] = vaddq_f64(sums.part[i], vmulq_f64(difference, difference));
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
            sums.part[i] = vaddq_f64(sums.part[i], vmulq_f64(a.part[i], b.part[i]));
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
            sums.part[i] = vaddq_f64(sums.part[i], vmulq_f64(a.part[i], a.part[i]));
    }
    return fold(sums);
}

template <typename Element>
constexpr ExactKernels kExact = {squared_l2<Element>, dot<Element>, squared_norm<Element>};

}  // namespace

const ExactKernels kNeonExact[kNumElementTypes] = {
    kExact<float>, kExact<F16>, kExact<Bf16>, kExact<std::int8_t>, kExact<std::uint8_t>,
};

}  // namespace skep::cpu
