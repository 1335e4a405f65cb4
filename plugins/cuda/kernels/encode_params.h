// SPDX-License-Identifier: MIT
#pragma once

#include "flat_types.h"

namespace skep::cuda {

struct EncodeRowsParams {
    const void* rows;   // [num_rows, dim], row_stride_bytes apart
    uint16_t* approx;   // [num_rows, approx_stride] bf16; unused for u8 rows
    RowBounds* bounds;  // [num_rows]
    StoreBounds* store_bounds;
    uint64_t num_rows;
    uint32_t dim;
    uint32_t row_stride_bytes;
    uint32_t approx_stride;
    int32_t metric;
};

struct EncodeQueriesParams {
    // [num_queries, dim] in pinned host memory: floats, or bytes
    const void* source;
    float* queries;          // [num_queries, dim]: a copy
    float* operand;          // [num_queries, operand_stride], in the sweep's order; may be null
    uint16_t* operand_bf16;  // [num_queries, approx_stride]; may be null
    uint8_t* operand_bytes;  // [num_queries, approx_stride]; null unless queries are bytes
    QueryState* states;      // [num_queries]
    const StoreBounds* store_bounds;
    uint32_t num_queries;
    uint32_t dim;
    uint32_t operand_stride;
    uint32_t approx_stride;
    int32_t metric;
    uint32_t has_byte_source;
};

struct GatherParams {
    const uint32_t* source;  // rows of row_words words
    uint32_t* target;        // [num_rows, row_words]
    const uint32_t* slots;   // [num_rows] rows of source
    uint64_t num_rows;
    uint64_t row_words;
};

}  // namespace skep::cuda
