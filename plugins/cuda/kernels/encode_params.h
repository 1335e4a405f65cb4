// SPDX-License-Identifier: MIT
#pragma once

#include "flat_types.h"

namespace skep::cuda {

struct EncodeRowsParams {
    const void* rows;   // [num_rows, dim], row_stride_bytes apart
    uint8_t* codes;     // [num_rows, code_stride]; unused for u8 and i8 rows
    float* half_norms;  // [num_rows]
    RowBounds* bounds;  // [num_rows]
    uint32_t* misfits;  // rows of floats: set to what codes an element needs instead of codes_are
    uint64_t num_rows;
    uint32_t dim;
    uint32_t row_stride_bytes;
    uint32_t code_stride;
    int32_t metric;
    int32_t codes_are;  // k...Codes
    int32_t element_type;
};

// What queries arrive as.
constexpr uint32_t kFloatSource = 0;
constexpr uint32_t kUnsignedSource = 1;  // u8
constexpr uint32_t kSignedSource = 2;    // i8

struct EncodeQueriesParams {
    // [num_queries, dim] in pinned host memory
    const void* source;
    float* queries;      // [num_queries, dim]: a copy
    uint8_t* codes;      // [num_queries, code_stride]
    QueryState* states;  // [num_queries]
    // [num_queries] in pinned host memory: what is known of the answers, or null.
    const float* thresholds;
    uint32_t num_queries;
    uint32_t dim;
    uint32_t code_stride;
    int32_t metric;
    uint32_t source_is;  // k...Source
    int32_t codes_are;   // k...Codes; kByteCodes of an unsigned source only
};

struct GatherParams {
    const uint32_t* source;  // rows of row_words words
    uint32_t* target;        // [num_rows, row_words]
    const uint32_t* slots;   // [num_rows] rows of source
    uint64_t num_rows;
    uint64_t row_words;
};

}  // namespace skep::cuda
