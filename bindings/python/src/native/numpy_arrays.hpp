// SPDX-License-Identifier: MIT
// NumPy arrays without NumPy's headers: made by calling numpy, read through __array_struct__. So
// one build works with every NumPy.
#pragma once

#include "array_abi.hpp"
#include "python_support.hpp"

#include <string>

namespace skep::python {

// Imports numpy and looks up what this file calls; once, when the module is imported.
void prepare_numpy();

[[nodiscard]] bool is_numpy_array(PyObject* object);

// The description that an array gives of itself; valid while `capsule` lives.
struct ArrayInterface {
    Ref capsule;
    const NumpyArrayInterface* operator->() const noexcept { return array; }
    const NumpyArrayInterface* array = nullptr;
};
ArrayInterface interface_of(PyObject* numpy_array);

// The name of an array's dtype, "float64".
std::string dtype_name(PyObject* array);

// A new, uninitialised numpy array and the memory behind it.
template <typename Element>
struct NewArray {
    Ref object;
    Element* data = nullptr;
};
enum class ArrayType { kU64, kF32, kF16, kU16, kI8, kU8, kI32, kU32, kBool };
// bf16 becomes uint16: numpy has no type for it.
ArrayType array_type_of(skep_dtype dtype);
// `dims` numbers of `shape` count: one or two.
NewArray<void> new_array(ArrayType type, const Py_ssize_t* shape, int dims);

template <typename Element>
NewArray<Element> typed(NewArray<void> array) {
    return {std::move(array.object), static_cast<Element*>(array.data)};
}

}  // namespace skep::python
