// SPDX-License-Identifier: MIT
#include "python_support.hpp"

namespace skep::python {
namespace {

[[noreturn]] void raise(skep_status status, int32_t layer, int64_t native_code,
                        const char* message) {
    const Ref arguments = checked(Py_BuildValue("(isiLs)", status, skep_status_name(status), layer,
                                                static_cast<long long>(native_code), message));
    const Ref exception = call_helper("skep._errors", "error_of", arguments.get());
    PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(exception.get())), exception.get());
    throw PythonError();
}

}  // namespace

void raise_status(skep_status status, const std::string& message) {
    raise(status, SKEP_LAYER_CLIENT, 0, message.c_str());
}

void check_status(skep_status status, const skep_error& error) {
    if (status == SKEP_OK) return;
    raise(status, error.layer, error.native_code, error.message);
}

Ref call_helper(const char* module, const char* name, PyObject* arguments) {
    const Ref imported = checked(PyImport_ImportModule(module));
    const Ref function = checked(PyObject_GetAttrString(imported.get(), name));
    return checked(PyObject_CallObject(function.get(), arguments));
}

std::string text_of(PyObject* string) {
    if (!PyUnicode_Check(string)) {
        PyErr_Format(PyExc_TypeError, "a str is wanted, not %R", string);
        throw PythonError();
    }
    const Ref encoded = checked(PyUnicode_AsUTF8String(string));
    char* bytes = nullptr;
    Py_ssize_t size = 0;
    checked(PyBytes_AsStringAndSize(encoded.get(), &bytes, &size));
    return {bytes, static_cast<std::size_t>(size)};
}

}  // namespace skep::python
