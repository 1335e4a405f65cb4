// SPDX-License-Identifier: MIT
// What host and kernels of the flat index share: records in device memory and launch constants.
//
// An exact search filters and refines. The filter multiplies codes of one byte per element: row x
// is nearly scale(x) times its code, x', and query q nearly scale(q) times its own, q'. It finds
// the rows whose score may reach the query's threshold; these are ranked by the double-precision
// distance that skep/common/distance.hpp defines.
//
//     score(q, x) = q.x - half_norm(x) <= q'.x' - half_norm(x) + |x - x'| |q| + |x'| |q - q'|
//
// by Cauchy-Schwarz; for cosine, x and q stand for themselves divided by their lengths. half_norm
// is half the squared length for l2 and 0 otherwise. Rows and queries that are whole numbers from 0
// to 255 are their own codes, and nothing is lost. docs/exact-search.md has the proof.
#pragma once

#include <stdint.h>

namespace skep::cuda {

constexpr uint32_t kPartialSums = 16;     // lanes that share one double-precision distance
constexpr uint32_t kRowsPerBlock = 128;   // rows that a block takes at a time; unit of row order
constexpr uint32_t kSweepThreads = 256;   // 32 groups of 8 lanes, 4 rows each
constexpr uint32_t kSweepLanes = 8;       // lanes that share one row in the sweep
constexpr uint32_t kSweepQueries = 8;     // queries that the wide sweep takes at once
constexpr uint32_t kEncodeThreads = 256;  // 16 rows
constexpr uint32_t kGatherThreads = 256;
constexpr uint32_t kSelectMaxThreads = 1024;
constexpr uint32_t kExactThreads = 256;
constexpr uint32_t kExactSelectThreads = 1024;
constexpr uint32_t kMaxDeviceK = 2048;     // largest k that is selected on the device
constexpr uint32_t kCodeAlignment = 16;    // bytes of a coded row are a multiple of this
constexpr uint32_t kNoSlot = 0xFFFFFFFFU;  // as SKEP_NO_SLOT

// Metrics by the numbers of skep_metric.
constexpr int32_t kCosine = 0;
constexpr int32_t kL2 = 1;
constexpr int32_t kInnerProduct = 2;

// Element types of rows by the numbers of skep_dtype.
constexpr int32_t kF16 = 1;
constexpr int32_t kBf16 = 2;
constexpr int32_t kI8 = 3;

// What codes stand for.
constexpr int32_t kByteCodes = 0;      // u8: whole numbers, the elements themselves
constexpr int32_t kUnsignedCodes = 1;  // u8, times the row's or the query's scale
constexpr int32_t kSignedCodes = 2;    // s8, times that scale; rows and queries of i8: themselves

// What a filter kernel keeps of the rows that it looks at.
constexpr uint32_t kKeepReaching = 0;  // those that reach their query's threshold
// All: list entry (position - first_block) * kRowsPerBlock + row. Sweeps only.
constexpr uint32_t kKeepAll = 1;
// The best of every block, or of a warp's share of it: k of these bound the k-th best of all, and
// the list is a hundredth of the rows long.
constexpr uint32_t kKeepBest = 2;

// Per row, for the score. Both errors are bf16, rounded up: |x'| above, |x - x'| below.
struct RowBounds {
    float scale;
    uint32_t errors;
};

// Why a query's answer is not ready; the host tries again with the threshold that was found, or
// answers it by the plain kernels.
constexpr uint32_t kQueryReady = 0;
constexpr uint32_t kQueryOverflowed = 1;  // more survivors than the list holds
constexpr uint32_t kQueryUnbounded = 2;   // too large for float sums

struct QueryState {
    double squared_norm;  // of the query itself, in the defined order of additions
    float scale;          // of its code
    float norm;           // |q|, as the score means it, rounded up
    float error;          // |q - q'| and what float arithmetic loses, per unit of |x'|
    float threshold;
    uint32_t count;   // entries of the candidate list
    uint32_t status;  // kQuery...
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
    const void* rows;      // [num_slots, dim] of any element type, row_stride_bytes apart
    const uint8_t* codes;  // [num_slots, code_stride], zeros behind dim
    // [num_slots]; -infinity, with an infinite scale, marks a row without a score: it survives
    const float* half_norms;
    const RowBounds* bounds;  // [num_slots]
    uint32_t dim;
    uint32_t row_stride_bytes;
    uint32_t code_stride;  // bytes
    int32_t metric;
    int32_t element_type;
};

// The order in which blocks of rows are visited: a fixed permutation, so that any prefix is a
// sample of the whole store and rows that were added together do not arrive together.
struct BlockOrder {
    uint64_t num_blocks;
    uint64_t multiplier;  // coprime to num_blocks
};

}  // namespace skep::cuda
