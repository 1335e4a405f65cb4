// SPDX-License-Identifier: MIT
// The module skep._native: types over skep.h, and the functions that belong to no collection.
#include "collection.hpp"
#include "evaluation.hpp"
#include "numpy_arrays.hpp"
#include "runtime.hpp"

namespace skep::python {
namespace {

using FromName = skep_status (*)(const char*, int32_t*, skep_error*);

PyObject* number_of(PyObject* name, FromName from_name) {
    return guarded([&] {
        int32_t number = 0;
        skep_error error = SKEP_ERROR_INIT;
        check_status(from_name(text_of(name).c_str(), &number, &error), error);
        return checked(PyLong_FromLong(number));
    });
}

PyObject* metric_number(PyObject*, PyObject* name) {
    return number_of(name, skep_metric_from_name);
}
PyObject* dtype_number(PyObject*, PyObject* name) {
    return number_of(name, skep_dtype_from_name);
}
PyObject* index_number(PyObject*, PyObject* name) {
    return number_of(name, skep_index_kind_from_name);
}

PyObject* status_name(PyObject*, PyObject* number) {
    return guarded([&] {
        const long status = PyLong_AsLong(number);
        if (PyErr_Occurred() != nullptr) throw PythonError();
        return checked(PyUnicode_FromString(skep_status_name(static_cast<skep_status>(status))));
    });
}

PyMethodDef module_functions[] = {{"status_name", status_name, METH_O, nullptr},
                                  {"metric_number", metric_number, METH_O, nullptr},
                                  {"dtype_number", dtype_number, METH_O, nullptr},
                                  {"index_number", index_number, METH_O, nullptr},
                                  {"convert", convert, METH_VARARGS, nullptr},
                                  {"ground_truth", ground_truth, METH_VARARGS, nullptr},
                                  {"recall", recall, METH_VARARGS, nullptr},
                                  {"similarity", similarity, METH_VARARGS, nullptr},
                                  {"describe_file", describe_file, METH_O, nullptr},
                                  {"read_vectors", read_vectors, METH_O, nullptr},
                                  {"write_vectors", write_vectors, METH_VARARGS, nullptr},
                                  {nullptr, nullptr, 0, nullptr}};

PyModuleDef module_definition = {PyModuleDef_HEAD_INIT,
                                 "skep._native",
                                 nullptr,
                                 -1,
                                 module_functions,
                                 nullptr,
                                 nullptr,
                                 nullptr,
                                 nullptr};

void add(PyObject* module, const char* name, PyObject* type) {
    Py_INCREF(type);
    checked(PyModule_AddObject(module, name, type));
}

}  // namespace
}  // namespace skep::python

// NOLINTNEXTLINE(bugprone-reserved-identifier): CPython makes the name of the module's
PyMODINIT_FUNC PyInit__native() {
    using namespace skep::python;
    return guarded([&] {
        prepare_numpy();
        Ref module = checked(PyModule_Create(&module_definition));
        add(module.get(), "Runtime", make_runtime_type());
        add(module.get(), "Collection", make_collection_type());
        add(module.get(), "Filter", make_filter_type());
        add(module.get(), "Cancel", make_cancel_type());
        add(module.get(), "Hits", make_hits_type());
        add(module.get(), "RangeHits", make_range_hits_type());
        checked(PyModule_AddStringConstant(module.get(), "version", skep_version()));
        return module;
    });
}
