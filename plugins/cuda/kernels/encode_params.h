// SPDX-License-Identifier: MIT
#pragma once

#include "flat_types.h"

namespace skep::cuda {

struct EncodeRowsParams {
    const void* rows;   // [num_rows, dim], row_stride_bytes apart
    uint8_t* codes;     // [num_rows, code_stride]; unused for u8 rows
    float* half_norms;  // [num_rows]
    RowBounds* bounds;  // [num_rows]
    uint32_t* misfits;  // f32 rows: set to what codes an element needs instead of codes_are
    uint64_t num_rows;
    uint32_t dim;
    uint32_t row_stride_bytes;
    uint32_t code_stride;
    int32_t metric;
    int32_t codes_are;  // k...Codes
};

struct EncodeQueriesParams {
    // [num_queries, dim] in pinned host memory: floats, or bytes
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
    uint32_t has_byte_source;
    int32_t codes_are;  // k...Codes; kByteCodes of a byte source only
};

struct GatherParams {
    const uint32_t* source;  // rows of row_words words
    uint32_t* target;        // [num_rows, row_words]
    const uint32_t* slots;   // [num_rows] rows of source
    uint64_t num_rows;
    uint64_t row_words;
};

}  // namespace skep::cuda
