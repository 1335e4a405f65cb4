// SPDX-License-Identifier: MIT
// Loads and transpositions of registers of 4 lanes. Static: no symbol leaves a kernel file.
#pragma once

#include <arm_neon.h>

#include <cstddef>
#include <cstdint>

namespace skep::cpu {

// Rows may be unaligned, so loads go by bytes.
static inline float32x4_t load_4_floats(const void* values) {
    return vreinterpretq_f32_u8(vld1q_u8(static_cast<const std::uint8_t*>(values)));
}

// Eight floats.
struct Floats8 {
    float32x4_t low;
    float32x4_t high;
};

// Eight 16-bit floats as floats.
static inline Floats8 f16_floats(const void* values) {
    const float16x8_t halves =
        vreinterpretq_f16_u8(vld1q_u8(static_cast<const std::uint8_t*>(values)));
    return {vcvt_f32_f16(vget_low_f16(halves)), vcvt_high_f32_f16(halves)};
}

static inline Floats8 bf16_floats(const void* values) {
    const uint16x8_t halves =
        vreinterpretq_u16_u8(vld1q_u8(static_cast<const std::uint8_t*>(values)));
    return {vreinterpretq_f32_u32(vshll_n_u16(vget_low_u16(halves), 16)),
            vreinterpretq_f32_u32(vshll_high_n_u16(halves, 16))};
}

// The first `count` of 8 bytes, zeros behind them.
static inline uint8x8_t load_8_bytes(const void* values, std::size_t count) {
    if (count >= 8) return vld1_u8(static_cast<const std::uint8_t*>(values));
    std::uint8_t bytes[8] = {};
    __builtin_memcpy(bytes, values, count);
    return vld1_u8(bytes);
}

// Lane j of register i becomes lane i of register j.
static inline void transpose(uint32x4_t* r) {
    const uint32x4_t a = vtrn1q_u32(r[0], r[1]);
    const uint32x4_t b = vtrn2q_u32(r[0], r[1]);
    const uint32x4_t c = vtrn1q_u32(r[2], r[3]);
    const uint32x4_t d = vtrn2q_u32(r[2], r[3]);
    r[0] = vcombine_u32(vget_low_u32(a), vget_low_u32(c));
    r[1] = vcombine_u32(vget_low_u32(b), vget_low_u32(d));
    r[2] = vcombine_u32(vget_high_u32(a), vget_high_u32(c));
    r[3] = vcombine_u32(vget_high_u32(b), vget_high_u32(d));
}

// One bit per lane of a comparison.
static inline std::uint32_t lane_bits(uint32x4_t lanes) {
    const std::uint32_t weights[4] = {1, 2, 4, 8};
    return vaddvq_u32(vandq_u32(lanes, vld1q_u32(weights)));
}

}  // namespace skep::cpu
