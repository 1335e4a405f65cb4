// SPDX-License-Identifier: MIT
// Two published binary interfaces through which arrays are shared without a copy, as structs of our
// own: NumPy's __array_struct__ (numpy.org, "The array interface protocol", version 3) and DLPack
// (dmlc.github.io/dlpack, the unversioned DLManagedTensor that every producer still speaks).
#pragma once

#include "python_support.hpp"

#include <cstdint>

namespace skep::python {

// What the capsule that numpy's __array_struct__ gives points to.
struct NumpyArrayInterface {
    int two;  // always 2: a sanity check
    int num_dims;
    char type_kind;  // 'f', 'i', 'u', 'V' ...
    int item_bytes;
    int flags;
    Py_ssize_t* shape;    // [num_dims]
    Py_ssize_t* strides;  // [num_dims], bytes
    void* data;
    PyObject* description;
};
inline constexpr int kNumpyByteOrderIsOurs = 0x200;
inline constexpr int kNumpyIsWriteable = 0x400;

struct DLPackTensor {
    void* data;
    int32_t device_type;  // numbered as skep_memory_kind
    int32_t device_id;
    int32_t num_dims;
    uint8_t type_code;
    uint8_t type_bits;
    uint16_t type_lanes;
    int64_t* shape;
    int64_t* strides;  // elements; NULL: C order
    uint64_t byte_offset;
};
inline constexpr uint8_t kDLPackInt = 0;
inline constexpr uint8_t kDLPackUInt = 1;
inline constexpr uint8_t kDLPackFloat = 2;
inline constexpr uint8_t kDLPackBfloat = 4;

static_assert(sizeof(DLPackTensor) == 48 && offsetof(DLPackTensor, byte_offset) == 40);
static_assert(static_cast<int>(SKEP_MEMORY_HOST) == 1 && static_cast<int>(SKEP_MEMORY_CUDA) == 2);

}  // namespace skep::python
