// SPDX-License-Identifier: MIT
// The values of elements, in plain code. Static: no symbol leaves a kernel file.
#pragma once

#include "kernels/kernel_table.hpp"

namespace skep::cpu {

static inline float value_of(float element) {
    return element;
}

// Of a finite one: its exponent and fraction, read as those of a float, are 2^-112 of it, which
// holds for subnormals too.
static inline float value_of(F16 element) {
    const std::uint32_t bits = (element.bits & 0x7FFFU) << 13U;
    float magnitude;
    __builtin_memcpy(&magnitude, &bits, sizeof magnitude);
    magnitude *= 0x1p112F;
    return (element.bits & 0x8000U) != 0 ? -magnitude : magnitude;
}

static inline float value_of(Bf16 element) {
    const std::uint32_t bits = static_cast<std::uint32_t>(element.bits) << 16U;
    float value;
    __builtin_memcpy(&value, &bits, sizeof value);
    return value;
}

static inline float value_of(std::int8_t element) {
    return element;
}

static inline float value_of(std::uint8_t element) {
    return element;
}

}  // namespace skep::cpu
