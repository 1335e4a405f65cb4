// SPDX-License-Identifier: MIT
// The type skep.Cancel: a switch that stops calls from another thread.
#include "calls.hpp"
#include "object.hpp"

namespace skep::python {
namespace {

struct CancelObject {
    PyObject_HEAD skep_cancel* handle;
};

PyObject* cancel_type = nullptr;

skep_cancel* handle_of(PyObject* self) {
    return reinterpret_cast<CancelObject*>(self)->handle;
}

PyObject* cancel_new(PyTypeObject* type, PyObject*, PyObject*) {
    return guarded([&] {
        Ref self = allocate(type);
        skep_error error = SKEP_ERROR_INIT;
        check_status(
            skep_cancel_create(&reinterpret_cast<CancelObject*>(self.get())->handle, &error),
            error);
        return self;
    });
}

void cancel_dealloc(PyObject* self) {
    skep_cancel_destroy(handle_of(self));
    deallocate(self);
}

PyObject* cancel_trigger(PyObject* self, PyObject*) {
    skep_cancel_trigger(handle_of(self));
    return none().release();
}

PyObject* cancel_reset(PyObject* self, PyObject*) {
    skep_cancel_reset(handle_of(self));
    return none().release();
}

PyMethodDef cancel_methods[] = {
    {"trigger", cancel_trigger, METH_NOARGS,
     "Makes every call that was given this switch raise CancelledError soon."},
    {"reset", cancel_reset, METH_NOARGS, "Makes the switch usable again."},
    {nullptr, nullptr, 0, nullptr}};

PyType_Slot cancel_slots[] = {
    {Py_tp_doc, const_cast<char*>("A switch that stops calls: pass it as cancel=, call trigger() "
                                  "from any thread.")},
    {Py_tp_new, reinterpret_cast<void*>(cancel_new)},
    {Py_tp_dealloc, reinterpret_cast<void*>(cancel_dealloc)},
    {Py_tp_methods, cancel_methods},
    {0, nullptr}};

PyType_Spec cancel_spec = {"skep.Cancel", sizeof(CancelObject), 0, Py_TPFLAGS_DEFAULT,
                           cancel_slots};

}  // namespace

PyObject* make_cancel_type() {
    cancel_type = checked(PyType_FromSpec(&cancel_spec)).release();
    return cancel_type;
}

skep_cancel* cancel_handle_of(PyObject* object) {
    if (PyObject_TypeCheck(object, reinterpret_cast<PyTypeObject*>(cancel_type)) == 0) {
        PyErr_Format(PyExc_TypeError, "cancel is %R; wanted is a skep.Cancel or None", object);
        throw PythonError();
    }
    return handle_of(object);
}

}  // namespace skep::python
