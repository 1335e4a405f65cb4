// SPDX-License-Identifier: MIT
// The few things that every file of the extension needs of CPython: owned references, errors as one
// C++ exception, and the interpreter lock. Limited API of CPython 3.9, so that one build serves
// every later version.
#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <skep/skep.h>

#include <memory>
#include <new>
#include <string>

namespace skep::python {

struct DropReference {
    void operator()(PyObject* object) const noexcept { Py_DECREF(object); }
};
// An owned reference. Made and dropped with the interpreter lock held.
using Ref = std::unique_ptr<PyObject, DropReference>;

// Thrown while the interpreter's error indicator is set; an entry point answers it with NULL.
struct PythonError {};

// Adopts a new reference; a NULL one means that CPython has set an error.
inline Ref checked(PyObject* adopted) {
    if (adopted == nullptr) throw PythonError();
    return Ref(adopted);
}
inline void checked(int status) {
    if (status < 0) throw PythonError();
}
inline Ref share(PyObject* borrowed) {
    Py_INCREF(borrowed);
    return Ref(borrowed);
}

// Raises the exception class that stands for `status`, with `message` as its text.
[[noreturn]] void raise_status(skep_status status, const std::string& message);
// Raises what `error` tells unless the status is SKEP_OK.
void check_status(skep_status status, const skep_error& error);

// Calls the function `name` of the Python module `module`, "skep._arrays".
Ref call_helper(const char* module, const char* name, PyObject* arguments);

// The text of a Python string, UTF-8.
std::string text_of(PyObject* string);

// Other Python threads run while one of these lives.
class WithoutInterpreterLock {
  public:
    WithoutInterpreterLock() : state_(PyEval_SaveThread()) {}
    ~WithoutInterpreterLock() { PyEval_RestoreThread(state_); }
    WithoutInterpreterLock(const WithoutInterpreterLock&) = delete;
    WithoutInterpreterLock& operator=(const WithoutInterpreterLock&) = delete;

  private:
    PyThreadState* state_;
};

// The body of an entry point: C++ exceptions become Python's, and NULL (or -1) goes back.
template <typename Body>
PyObject* guarded(Body body) noexcept {
    try {
        return body().release();
    } catch (const PythonError&) {
    } catch (const std::bad_alloc&) {
        PyErr_NoMemory();
    } catch (const std::exception& failure) {
        PyErr_SetString(PyExc_SystemError, failure.what());
    }
    return nullptr;
}

inline Ref none() {
    return share(Py_None);
}

}  // namespace skep::python
