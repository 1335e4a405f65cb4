// SPDX-License-Identifier: MIT
// encode: what a filter needs to know of rows and queries, computed once when they arrive.
// Shapes    rows [num_rows, dim] of any element type; codes [num_rows, code_stride], zero padded.
// Launch    16 lanes per row, blocks of kEncodeThreads.
// Numerics  squared norms in double, in the order of distance.hpp; residuals in double, rounded up.
// Limits    rows longer than 2^60 are marked and survive every filter: float scores would overflow.
// Cost      reads each row three times, writes one byte per element and 12 per row: memory-bound.
// Checked   tests/unit/plugins/cuda/flat_search_test.cpp, tests/cross_backend
#pragma once

#include "encode_params.h"
#include "flat_device.cuh"

namespace skep::cuda {

constexpr double kLargestNorm = 0x1p60;
// What doubles lose in lengths and residuals, per unit of length; generous.
constexpr double kDoubleError = 0x1p-44;
// What float scores lose, per unit of |x'| |q|: three roundings of 2^-24.
constexpr double kFloatError = 0x1p-21;

// Half the squared norm, lowered by what float scores may lose in it.
SKEP_DEVICE float lowered_half_norm(double squared) {
    return round_down_to_float(0.5 * squared * (1.0 - 0x1p-20));
}

// A positive number as bf16, rounded up.
SKEP_DEVICE uint32_t bf16_above(double value) {
    return (bits_of_float(round_up_to_float(value)) + 0xFFFFU) >> 16;
}
SKEP_DEVICE uint32_t row_errors(double norm, double residual) {
    return (bf16_above(norm) << 16) | bf16_above(residual);
}

// The largest magnitude of [dim], by 16 neighbouring lanes.
template <typename Row>
SKEP_DEVICE float largest_magnitude(Row elements, uint32_t dim, uint32_t lane) {
    float largest = 0.0F;
#pragma unroll 1
    for (uint32_t i = lane; i < dim; i += kPartialSums) {
        const float magnitude = __builtin_fabsf((float)elements[i]);
        if (magnitude > largest) largest = magnitude;
    }
#pragma unroll 1
    for (uint32_t width = kPartialSums / 2; width > 0; width /= 2) {
        const float other = shuffle_xor(largest, width);
        if (other > largest) largest = other;
    }
    return largest;
}

// Writes the scaled code of [dim] times `factor`, zero padded, and returns its residual, by 16
// neighbouring lanes. Codes round to nearest: any would do, since the residual is measured.
template <typename Row>
SKEP_DEVICE double encode_scaled(Row elements, double factor, float scale, uint8_t* codes,
                                 uint32_t dim, uint32_t code_stride, uint32_t lane, bool is_valid) {
    const double inverse = scale == 0.0F ? 0.0 : 1.0 / (double)scale;
    double residual = 0.0;
#pragma unroll 1
    for (uint32_t i = lane; i < code_stride; i += kPartialSums) {
        const double element = i < dim ? (double)elements[i] * factor : 0.0;
        const double units = element * inverse;
        const int32_t code = (int32_t)(units < 0.0 ? units - 0.5 : units + 0.5);
        const double difference = element - (double)code * (double)scale;
        residual += difference * difference;
        if (is_valid) codes[i] = (uint8_t)code;
    }
    return sqrt_exactly_rounded(fold_partial_sums(residual));
}

// Whether this lane's share of [dim] has an element below 0.
template <typename Row>
SKEP_DEVICE bool has_negative(Row elements, uint32_t dim, uint32_t lane) {
    bool is_found = false;
#pragma unroll 1
    for (uint32_t i = lane; i < dim; i += kPartialSums) {
        if ((float)elements[i] < 0.0F) is_found = true;
    }
    return is_found;
}

// Scales have two bits less than a float, so that kSumOffset times a scale is exact.
constexpr uint32_t kScaleSpareBits = 3;

// A scale with which no code exceeds its range.
SKEP_DEVICE float code_scale(double largest, int32_t codes_are) {
    const double range = codes_are == kUnsignedCodes ? 255.0 : 127.0;
    const float scale = round_up_to_float(largest / range * (1.0 + 0x1p-40));
    return float_of_bits((bits_of_float(scale) + kScaleSpareBits) & ~kScaleSpareBits);
}

// The scale of elements that are their own code.
SKEP_DEVICE float element_scale(double factor) {
    return float_of_bits(bits_of_float(round_to_float(factor)) & ~kScaleSpareBits);
}

// What is coded of a row or a query: itself times `factor`, of length `norm`.
struct Length {
    double norm;
    double factor;
    bool is_bounded;  // if not, nothing is coded
};

SKEP_DEVICE Length measure_length(double squared, int32_t metric) {
    const double norm = sqrt_exactly_rounded(squared);
    if (metric == kCosine)
        return norm == 0.0 ? Length{0.0, 0.0, true} : Length{1.0, 1.0 / norm, true};
    return norm <= kLargestNorm ? Length{norm, 1.0, true} : Length{0.0, 0.0, false};
}

template <typename Element>
SKEP_DEVICE void encode_rows(const EncodeRowsParams& params) {
    const uint32_t lane = thread_index() % kPartialSums;
    const uint64_t row_id =
        (uint64_t)block_index() * (kEncodeThreads / kPartialSums) + thread_index() / kPartialSums;
    // Lanes past the end work on the last row too: exchanges need whole warps.
    const bool is_valid = row_id < params.num_rows;
    const uint64_t row_pos = is_valid ? row_id : params.num_rows - 1;
    const auto row =
        row_at_address(Element{}, (const uint8_t*)params.rows + row_pos * params.row_stride_bytes,
                       params.element_type);
    uint8_t* codes = params.codes + row_pos * params.code_stride;

    const double squared = squared_norm(row, params.dim, lane);
    const auto [norm, factor, is_bounded] = measure_length(squared, params.metric);
    float scale = 0.0F;
    double residual = 0.0;
    if (is_own_code(row) || params.codes_are == kByteCodes) {
        scale = element_scale(factor);
        residual = __builtin_fabs((double)scale - factor) * sqrt_exactly_rounded(squared);
        if (!is_own_code(row)) {
            bool is_byte = true;
#pragma unroll 1
            for (uint32_t i = lane; i < params.code_stride; i += kPartialSums) {
                const float element = i < params.dim ? (float)row[i] : 0.0F;
                const uint32_t code = element >= 0.0F && element <= 255.0F ? (uint32_t)element : 0;
                if ((float)code != element) is_byte = false;
                if (is_valid) codes[i] = (uint8_t)code;
            }
            if (!is_byte && is_valid) *params.misfits = kUnsignedCodes;
        }
    } else {
        scale =
            code_scale((double)largest_magnitude(row, params.dim, lane) * factor, params.codes_are);
        residual = encode_scaled(row, factor, scale, codes, params.dim, params.code_stride, lane,
                                 is_valid);
        if (params.codes_are == kUnsignedCodes && has_negative(row, params.dim, lane) && is_valid) {
            *params.misfits = kSignedCodes;
        }
    }
    if (is_valid && lane == 0) {
        residual += kDoubleError * norm;
        // No number, whatever is multiplied and added: not below any limit.
        if (!is_bounded) scale = kInfinity;
        params.bounds[row_pos] = RowBounds{scale, row_errors(norm + residual, residual)};
        params.half_norms[row_pos] = !is_bounded            ? -kInfinity
                                     : params.metric == kL2 ? lowered_half_norm(squared)
                                                            : 0.0F;
    }
}

// Copies [dim] by 16 lanes, many loads on their way at once: each takes a microsecond.
template <typename Element>
SKEP_DEVICE void copy_in_flight(float* target, const Element* source, uint32_t dim, uint32_t lane) {
    constexpr uint32_t kInFlight = 8;
    for (uint32_t base = lane; base < dim; base += kInFlight * kPartialSums) {
        float values[kInFlight];
#pragma unroll
        for (uint32_t i = 0; i < kInFlight; ++i) {
            const uint32_t position = base + i * kPartialSums;
            if (position < dim) values[i] = (float)source[position];
        }
#pragma unroll
        for (uint32_t i = 0; i < kInFlight; ++i) {
            const uint32_t position = base + i * kPartialSums;
            if (position < dim) target[position] = values[i];
        }
    }
}

SKEP_DEVICE void encode_queries_body(const EncodeQueriesParams& params) {
    const uint32_t lane = thread_index() % kPartialSums;
    const uint32_t query_id =
        block_index() * (kEncodeThreads / kPartialSums) + thread_index() / kPartialSums;
    const bool is_valid = query_id < params.num_queries;
    const uint32_t query_pos = is_valid ? query_id : params.num_queries - 1;
    const uint64_t first_element = (uint64_t)query_pos * params.dim;
    float* query = params.queries + first_element;
    // Over the bus once; each lane then reads what it wrote itself. Lanes past the end write what
    // those of the last query write.
    if (params.source_is == kUnsignedSource) {
        copy_in_flight(query, (const uint8_t*)params.source + first_element, params.dim, lane);
    } else if (params.source_is == kSignedSource) {
        copy_in_flight(query, (const int8_t*)params.source + first_element, params.dim, lane);
    } else {
        copy_in_flight(query, (const float*)params.source + first_element, params.dim, lane);
    }

    const double squared = squared_norm(query, params.dim, lane);
    const auto [norm, factor, is_bounded] = measure_length(squared, params.metric);

    uint8_t* codes = params.codes + (uint64_t)query_pos * params.code_stride;
    float scale = 1.0F;
    double residual = 0.0;
    if (params.codes_are == kByteCodes || params.source_is == kSignedSource) {
        if (params.source_is == kSignedSource) {
            scale = element_scale(factor);
            residual = __builtin_fabs((double)scale - factor) * sqrt_exactly_rounded(squared);
        }
#pragma unroll 1
        for (uint32_t i = lane; i < params.code_stride; i += kPartialSums) {
            if (is_valid) codes[i] = i < params.dim ? (uint8_t)(int32_t)query[i] : 0;
        }
    } else {
        scale = code_scale((double)largest_magnitude(query, params.dim, lane) * factor,
                           params.codes_are);
        residual = encode_scaled(query, factor, scale, codes, params.dim, params.code_stride, lane,
                                 is_valid);
    }
    if (is_valid && lane == 0) {
        const double error = residual + (kDoubleError + kFloatError) * norm;
        QueryState state;
        state.squared_norm = squared;
        state.scale = scale;
        // What multiplying and adding these in float loses.
        state.norm = round_up_to_float(norm * (1.0 + 0x1p-20));
        state.error = round_up_to_float(error * (1.0 + 0x1p-20));
        state.threshold = -kInfinity;
        if (params.thresholds != nullptr) state.threshold = params.thresholds[query_pos];
        if (!is_bounded) state.threshold = kInfinity;
        state.count = 0;
        state.status = is_bounded ? kQueryReady : kQueryUnbounded;
        params.states[query_pos] = state;
    }
}

}  // namespace skep::cuda
