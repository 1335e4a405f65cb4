// SPDX-License-Identifier: MIT
// Rows as kernels read them: pointers to f32 and u8, and one kind of row for f16, bf16 and i8,
// which learns its type when it is read. That branch is the same for all threads of a launch, and
// one module serves three types.
#pragma once

#include "flat_types.h"
#include "simt.cuh"

namespace skep::cuda {

SKEP_DEVICE float float_of_bits(uint32_t bits) {
    return __builtin_bit_cast(float, bits);
}
SKEP_DEVICE uint32_t bits_of_float(float value) {
    return __builtin_bit_cast(uint32_t, value);
}

// The value of a finite binary16: its exponent and fraction, read as those of a float, are 2^-112
// of it, which holds for subnormals too.
SKEP_DEVICE float value_of_f16(uint16_t bits) {
    const float magnitude = float_of_bits((bits & 0x7FFFU) << 13) * 0x1p112F;
    return float_of_bits(bits_of_float(magnitude) | (bits & 0x8000U) << 16);
}
SKEP_DEVICE float value_of_bf16(uint16_t bits) {
    return float_of_bits((uint32_t)bits << 16);
}

// A row of f16, bf16 or i8; those of 16 bits are aligned to 2 bytes.
struct NarrowRow {
    const uint8_t* bytes;
    int32_t element_type;

    SKEP_DEVICE_MEMBER float operator[](uint32_t i) const {
        if (element_type == kI8) return (float)(int8_t)bytes[i];
        const uint16_t bits = ((const uint16_t*)bytes)[i];
        return element_type == kF16 ? value_of_f16(bits) : value_of_bf16(bits);
    }
};

// Stands for an element type that is told at run time.
struct Narrow {};

// The row at an address, given a value of its type.
SKEP_DEVICE const float* row_at_address(float, const void* row, int32_t) {
    return (const float*)row;
}
SKEP_DEVICE const uint8_t* row_at_address(uint8_t, const void* row, int32_t) {
    return (const uint8_t*)row;
}
SKEP_DEVICE NarrowRow row_at_address(Narrow, const void* row, int32_t element_type) {
    return NarrowRow{(const uint8_t*)row, element_type};
}

// Whether the elements of a row serve as its code.
SKEP_DEVICE bool is_own_code(const float*) {
    return false;
}
SKEP_DEVICE bool is_own_code(const uint8_t*) {
    return true;
}
SKEP_DEVICE bool is_own_code(const NarrowRow& row) {
    return row.element_type == kI8;
}

}  // namespace skep::cuda
