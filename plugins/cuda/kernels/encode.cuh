// SPDX-License-Identifier: MIT
// encode: what a filter needs to know of rows and queries, computed once when they arrive.
// Shapes    rows [num_rows, dim] f32 or u8; approx [num_rows, approx_stride] bf16, zero padded.
// Launch    16 lanes per row, blocks of kEncodeThreads.
// Numerics  squared norms in double, in the order of distance.hpp; residuals in double, rounded up.
// Limits    rows longer than 2^60 are marked and survive every filter: float sums would overflow.
// Cost      reads each row twice, writes 2 bytes per element and 8 per row: memory-bound.
// Checked   tests/unit/plugins/cuda/flat_search_test.cpp, tests/cross_backend
#pragma once

#include "encode_params.h"
#include "flat_device.cuh"

namespace skep::cuda {

constexpr double kLargestNorm = 0x1p60;
// A residual above this share of the norm raises the row's own norm instead of the store's bound,
// so that one row of denormals does not loosen the filter of all.
constexpr double kLargestResidual = 0x1p-8;

// Half the squared norm, lowered by what float sums may lose.
SKEP_DEVICE float lowered_half_norm(double squared, uint32_t dim) {
    return round_down_to_float(0.5 * squared * (1.0 - 2.0 * sum_error(dim)));
}

template <typename Element>
SKEP_DEVICE void encode_rows(const EncodeRowsParams& params) {
    const uint32_t lane = thread_index() % kPartialSums;
    const uint64_t row_id =
        (uint64_t)block_index() * (kEncodeThreads / kPartialSums) + thread_index() / kPartialSums;
    // Lanes past the end work on the last row too: exchanges need whole warps.
    const bool is_valid = row_id < params.num_rows;
    const uint64_t row_pos = is_valid ? row_id : params.num_rows - 1;
    const Element* row =
        (const Element*)((const uint8_t*)params.rows + row_pos * params.row_stride_bytes);

    const double squared = squared_norm(row, params.dim, lane);
    RowBounds bounds;
    if constexpr (sizeof(Element) == 1) {
        // Bytes are exact. A row of zeros has cosine distance 1; norm 1 makes its score say so.
        bounds.norm = squared == 0.0 ? 1.0F : round_up_to_float(sqrt_exactly_rounded(squared));
        bounds.half_norm = params.metric == kL2 ? lowered_half_norm(squared, params.dim) : 0.0F;
        if (is_valid && lane == 0) params.bounds[row_pos] = bounds;
    } else {
        double norm = sqrt_exactly_rounded(squared);
        double scale = 1.0;
        if (params.metric == kCosine) {
            scale = norm == 0.0 ? 0.0 : 1.0 / norm;
            norm = 1.0;
        }
        const bool is_bounded = norm <= kLargestNorm;
        uint16_t* approx = params.approx + row_pos * params.approx_stride;
        double residual = 0.0;
        for (uint32_t i = lane; i < params.approx_stride; i += kPartialSums) {
            const double element = i < params.dim && is_bounded ? (double)row[i] * scale : 0.0;
            const uint16_t rounded = bf16_of_float(round_to_float(element));
            const double difference = element - (double)float_of_bf16(rounded);
            residual += difference * difference;
            if (is_valid) approx[i] = rounded;
        }
        residual = sqrt_exactly_rounded(fold_partial_sums(residual)) * (1.0 + 0x1p-40);
        if (is_bounded) {
            if (residual > norm * kLargestResidual) norm = residual / kLargestResidual;
            bounds.norm = round_up_to_float(norm * (1.0 + 0x1p-40));
            bounds.half_norm = params.metric == kL2 ? lowered_half_norm(squared, params.dim) : 0.0F;
        } else {
            residual = 0.0;
            bounds.norm = 0.0F;
            bounds.half_norm = -kInfinity;
        }
        if (is_valid && lane == 0) {
            params.bounds[row_pos] = bounds;
            // residual is at most norm / 256; 0 / 0 is a row of zeros, which has none.
            const double share = residual == 0.0 ? 0.0 : residual / norm;
            const uint32_t bits = bits_of_float(round_up_to_float(share));
            // The plain read saves nearly every atomic: the bound settles after a few rows.
            if (bits > params.store_bounds->max_residual_bits) {
                atomic_max(&params.store_bounds->max_residual_bits, bits);
            }
        }
    }
}

// Where element i of a query lies in the sweep's operand: 8 lanes read 16 bytes each, side by side.
SKEP_DEVICE uint32_t operand_position(uint32_t i) {
    const uint32_t chunk = i / kOperandChunk;
    const uint32_t lane = (i % kOperandChunk) / 8;
    const uint32_t half = (i % 8) / 4;
    return chunk * kOperandChunk + (half * kSweepLanes + lane) * 4 + i % 4;
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
    if (params.has_byte_source != 0) {
        copy_in_flight(query, (const uint8_t*)params.source + first_element, params.dim, lane);
    } else {
        copy_in_flight(query, (const float*)params.source + first_element, params.dim, lane);
    }

    const double squared = squared_norm(query, params.dim, lane);
    double norm = sqrt_exactly_rounded(squared);
    double scale = 1.0;
    if (params.metric == kCosine) {
        scale = norm == 0.0 ? 0.0 : 1.0 / norm;
        norm = norm == 0.0 ? 0.0 : 1.0;
    }
    const bool is_bounded = norm <= kLargestNorm;

    // Both operands, and how far what the kernel multiplies is from the query.
    double residual = 0.0;
    const uint32_t end = params.operand != nullptr ? params.operand_stride : params.approx_stride;
    if (params.operand_bytes != nullptr && is_valid) {
        uint8_t* bytes = params.operand_bytes + (uint64_t)query_pos * params.approx_stride;
        for (uint32_t i = lane; i < params.approx_stride; i += kPartialSums)
            bytes[i] = i < params.dim ? (uint8_t)query[i] : 0;
    }
    for (uint32_t i = lane; i < end; i += kPartialSums) {
        const double element = i < params.dim && is_bounded ? (double)query[i] * scale : 0.0;
        float rounded = round_to_float(element);
        if (params.operand_bf16 != nullptr) {
            const uint16_t bits = bf16_of_float(rounded);
            rounded = float_of_bf16(bits);
            if (is_valid && i < params.approx_stride) {
                params.operand_bf16[(uint64_t)query_pos * params.approx_stride + i] = bits;
            }
        }
        if (params.operand != nullptr && is_valid) {
            params.operand[(uint64_t)query_pos * params.operand_stride + operand_position(i)] =
                rounded;
        }
        const double difference = element - (double)rounded;
        residual += difference * difference;
    }
    residual = sqrt_exactly_rounded(fold_partial_sums(residual));

    if (is_valid && lane == 0) {
        // An append beside this search may raise it: any value since the search began will do.
        const double row_residual =
            (double)float_of_bits(atomic_load(&params.store_bounds->max_residual_bits));
        // |x' q' - x q| <= |x - x'| |q| + |x'| |q - q'|, and |x'| <= |x| (1 + 2^-8).
        const double error =
            (row_residual + sum_error(params.dim)) * norm + (1.0 + 0x1p-7) * residual;
        QueryState state;
        state.squared_norm = squared;
        state.error = round_up_to_float(error * (1.0 + 0x1p-10));
        state.slope = state.error;
        state.threshold = is_bounded ? -kInfinity : kInfinity;
        state.count = 0;
        state.status = is_bounded ? kQueryReady : kQueryUnbounded;
        state.reserved = 0;
        params.states[query_pos] = state;
    }
}

}  // namespace skep::cuda
