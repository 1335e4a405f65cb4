// SPDX-License-Identifier: MIT
#include "numpy_arrays.hpp"

#include <array>

namespace skep::python {
namespace {

// Borrowed for the life of the process: an extension of the limited API is never unloaded.
struct Numpy {
    PyObject* array_type = nullptr;
    PyObject* empty = nullptr;
    PyObject* array_struct = nullptr;  // the name
    std::array<PyObject*, 9> dtypes{};
};
Numpy numpy;

}  // namespace

void prepare_numpy() {
    const Ref module = checked(PyImport_ImportModule("numpy"));
    const auto attribute = [&](const char* name) {
        return checked(PyObject_GetAttrString(module.get(), name)).release();
    };
    numpy.array_type = attribute("ndarray");
    numpy.empty = attribute("empty");
    numpy.array_struct = checked(PyUnicode_InternFromString("__array_struct__")).release();
    constexpr std::array<const char*, 9> kNames = {"uint64", "float32", "float16", "uint16", "int8",
                                                   "uint8",  "int32",   "uint32",  "bool_"};
    const Ref make_dtype = checked(PyObject_GetAttrString(module.get(), "dtype"));
    for (std::size_t type = 0; type < kNames.size(); ++type) {
        const Ref scalar = checked(PyObject_GetAttrString(module.get(), kNames[type]));
        numpy.dtypes[type] =
            checked(PyObject_CallFunctionObjArgs(make_dtype.get(), scalar.get(), nullptr))
                .release();
    }
}

bool is_numpy_array(PyObject* object) {
    return PyObject_TypeCheck(object, reinterpret_cast<PyTypeObject*>(numpy.array_type)) != 0;
}

ArrayInterface interface_of(PyObject* numpy_array) {
    ArrayInterface result;
    result.capsule = checked(PyObject_GetAttr(numpy_array, numpy.array_struct));
    result.array = static_cast<const NumpyArrayInterface*>(
        PyCapsule_GetPointer(result.capsule.get(), nullptr));
    if (result.array == nullptr) throw PythonError();
    if (result.array->two != 2) {
        PyErr_SetString(PyExc_SystemError, "numpy's __array_struct__ has an unknown layout");
        throw PythonError();
    }
    return result;
}

std::string dtype_name(PyObject* array) {
    const Ref dtype = checked(PyObject_GetAttrString(array, "dtype"));
    return text_of(checked(PyObject_Str(dtype.get())).get());
}

ArrayType array_type_of(skep_dtype dtype) {
    switch (dtype) {
        case SKEP_DTYPE_F16:
            return ArrayType::kF16;
        case SKEP_DTYPE_BF16:
            return ArrayType::kU16;
        case SKEP_DTYPE_I8:
            return ArrayType::kI8;
        case SKEP_DTYPE_U8:
            return ArrayType::kU8;
        case SKEP_DTYPE_I32:
            return ArrayType::kI32;
        default:
            return ArrayType::kF32;
    }
}

NewArray<void> new_array(ArrayType type, const Py_ssize_t* shape, int dims) {
    const Ref size = checked(dims == 1 ? Py_BuildValue("(n)", shape[0])
                                       : Py_BuildValue("(nn)", shape[0], shape[1]));
    PyObject* dtype = numpy.dtypes[static_cast<std::size_t>(type)];
    NewArray<void> result;
    result.object = checked(PyObject_CallFunctionObjArgs(numpy.empty, size.get(), dtype, nullptr));
    result.data = interface_of(result.object.get())->data;
    return result;
}

}  // namespace skep::python
