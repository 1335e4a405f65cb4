// SPDX-License-Identifier: MIT
// Vectors of a Python object as a skep_matrix, in place: numpy arrays with C-contiguous or strided
// rows, and every tensor that speaks DLPack or __cuda_array_interface__. Anything else goes through
// numpy.asarray, which shares the memory of what speaks the buffer protocol, __array_interface__ or
// __array__, and copies nested lists.
#pragma once

#include "python_support.hpp"

namespace skep::python {

// A matrix that points into memory of a Python object, kept alive as long as this lives.
struct BorrowedMatrix {
    skep_matrix view;
    bool is_one_vector;  // the object had one dimension
    Ref owner;
};

// Where a borrowed matrix goes; for messages and for telling bit patterns apart.
struct MatrixUse {
    const char* operation;  // "search"
    const char* role;       // "queries"
    skep_dtype dtype;       // the collection's: 16-bit integers are taken for bf16 if it is that
};

// Raises UnsupportedTypeError, InvalidArgumentError (shape, order) with what was given and what is
// wanted. Whether the dtype suits the operation is the library's to say.
BorrowedMatrix borrow_matrix(PyObject* object, const MatrixUse& use);

}  // namespace skep::python
