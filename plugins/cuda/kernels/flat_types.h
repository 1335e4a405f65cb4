// SPDX-License-Identifier: MIT
// What host and kernels of the flat index share: records in device memory and launch constants.
//
// An exact search filters and refines. The filter looks at an approximation of every row (bf16 for
// f32 rows, the bytes themselves for u8 rows) and gives each a score that is never too low: rows
// whose score is below the query's threshold cannot be among the k nearest. What is left is ranked
// by the double-precision distance that skep/common/distance.hpp defines.
//
//     score(q, x) = slope(q) * norm(x) + (dot(q', x') - half_norm(x))
//
// q', x': what the kernel multiplies (for cosine, of length one where rows are f32). Errors of both
// roundings and of the float sums are at most error(q) * norm(x): Cauchy-Schwarz. half_norm is half
// the squared length for l2, made smaller by the float error, and 0 otherwise.
#pragma once

#include <stdint.h>

namespace skep::cuda {

constexpr uint32_t kPartialSums = 16;     // lanes that share one double-precision distance
constexpr uint32_t kRowsPerBlock = 128;   // rows that a block takes at a time; unit of row order
constexpr uint32_t kSweepThreads = 256;   // 32 groups of 8 lanes, 4 rows each
constexpr uint32_t kSweepLanes = 8;       // lanes that share one row in the sweep
constexpr uint32_t kSweepQueries = 8;     // queries that the wide sweep takes at once
constexpr uint32_t kOperandChunk = 64;    // elements that 8 lanes take per step
constexpr uint32_t kEncodeThreads = 256;  // 16 rows
constexpr uint32_t kGatherThreads = 256;
constexpr uint32_t kSelectMaxThreads = 1024;
constexpr uint32_t kExactThreads = 256;
constexpr uint32_t kExactSelectThreads = 1024;
constexpr uint32_t kMaxDeviceK = 2048;     // largest k that is selected on the device
constexpr uint32_t kApproxAlignment = 16;  // elements of an approximate row are a multiple of this
constexpr uint32_t kNoSlot = 0xFFFFFFFFU;  // as SKEP_NO_SLOT

// Metrics by the numbers of skep_metric.
constexpr int32_t kCosine = 0;
constexpr int32_t kL2 = 1;
constexpr int32_t kInnerProduct = 2;

// Per row, for the score. norm is an upper bound; half_norm of -infinity marks a row that is too
// large for float sums: it survives every filter.
struct RowBounds {
    float norm;
    float half_norm;
};

// Per store, only ever rising: the largest residual |x - x'| / norm(x), as the bits of a float.
struct StoreBounds {
    uint32_t max_residual_bits;
};

// Why a query's answer is not ready; the host answers it by the plain kernel.
constexpr uint32_t kQueryReady = 0;
constexpr uint32_t kQueryOverflowed = 1;  // more survivors than the list holds
constexpr uint32_t kQueryUnbounded = 2;   // too large for float sums

struct QueryState {
    double squared_norm;  // of the query itself, in the defined order of additions
    float error;          // bound on the score's error per unit of norm(x)
    float slope;
    float threshold;
    uint32_t count;   // entries of the candidate list
    uint32_t status;  // kQuery...
    uint32_t reserved;
};
static_assert(sizeof(QueryState) == 32, "host and device must agree");

// A survivor of the filter. kNoSlot: nothing.
struct Candidate {
    float score;
    uint32_t slot;
};

// Which rows count: below num_slots, not erased, allowed. Bitmaps may be null; bits at and past
// their length are 0.
struct RowFilter {
    uint64_t num_slots;
    const uint32_t* erased;
    uint64_t num_erased_bits;
    const uint32_t* allowed;
    uint64_t num_allowed_bits;
};

// Rows of a store as kernels see them.
struct RowsView {
    const void* rows;         // [num_slots, dim] f32 or u8, row_stride_bytes apart
    const void* approx;       // [num_slots, approx_stride] bf16, or the u8 rows themselves
    const RowBounds* bounds;  // [num_slots]
    uint32_t dim;
    uint32_t row_stride_bytes;
    uint32_t approx_stride;  // elements
    int32_t metric;
};

// The order in which blocks of rows are visited: a fixed permutation, so that any prefix is a
// sample of the whole store and rows that were added together do not arrive together.
struct BlockOrder {
    uint64_t num_blocks;
    uint64_t multiplier;  // coprime to num_blocks
};

}  // namespace skep::cuda
