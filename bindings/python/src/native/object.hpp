// SPDX-License-Identifier: MIT
// Objects of types made by PyType_FromSpec, which count references to their type.
#pragma once

#include "python_support.hpp"

namespace skep::python {

// A zeroed object of `type`, which may be a subclass made in Python.
inline Ref allocate(PyTypeObject* type) {
    const auto make = reinterpret_cast<allocfunc>(PyType_GetSlot(type, Py_tp_alloc));
    return checked(make(type, 0));
}

// The last step of tp_dealloc.
inline void deallocate(PyObject* self) {
    PyTypeObject* type = Py_TYPE(self);
    reinterpret_cast<freefunc>(PyType_GetSlot(type, Py_tp_free))(self);
    Py_DECREF(type);
}

}  // namespace skep::python
