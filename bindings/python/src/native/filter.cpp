// SPDX-License-Identifier: MIT
// The type _native.Filter: which rows may be answers.
#include "collection.hpp"
#include "object.hpp"

namespace skep::python {
namespace {

struct FilterObject {
    PyObject_HEAD std::shared_ptr<skep_filter>* handle;
};

PyObject* filter_type = nullptr;

PyObject* filter_new(PyTypeObject* type, PyObject* arguments, PyObject*) {
    return guarded([&] {
        PyObject* collection = nullptr;
        PyObject* prepared = nullptr;
        int mode = SKEP_FILTER_ALLOW;
        if (PyArg_ParseTuple(arguments, "OOi:Filter", &collection, &prepared, &mode) == 0) {
            throw PythonError();
        }
        const SharedState state = collection_state_of(collection, "filter");
        const BorrowedKeys keys = borrow_keys(prepared);
        Ref self = allocate(type);
        skep_filter* made = nullptr;
        run_call([&](skep_error* error) {
            return skep_filter_create(state->handle.get(), mode, &keys.view, &made, error);
        });
        std::shared_ptr<skep_filter> handle(made, skep_filter_destroy);
        reinterpret_cast<FilterObject*>(self.get())->handle =
            new std::shared_ptr<skep_filter>(std::move(handle));
        return self;
    });
}

void drop_filter(PyObject* self) {
    auto*& slot = reinterpret_cast<FilterObject*>(self)->handle;
    const std::shared_ptr<skep_filter>* handle = slot;
    slot = nullptr;
    const WithoutInterpreterLock unlocked;  // it may be the last that keeps a collection
    delete handle;
}

void filter_dealloc(PyObject* self) {
    drop_filter(self);
    deallocate(self);
}

PyObject* filter_close(PyObject* self, PyObject*) {
    drop_filter(self);
    return none().release();
}

PyMethodDef filter_methods[] = {
    {"close", filter_close, METH_NOARGS,
     "Lets go of the collection. Searches that run with it go on to their end. Legal twice."},
    {nullptr, nullptr, 0, nullptr}};

PyType_Slot filter_slots[] = {{Py_tp_new, reinterpret_cast<void*>(filter_new)},
                              {Py_tp_dealloc, reinterpret_cast<void*>(filter_dealloc)},
                              {Py_tp_methods, filter_methods},
                              {0, nullptr}};

PyType_Spec filter_spec = {"skep._native.Filter", sizeof(FilterObject), 0,
                           Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, filter_slots};

}  // namespace

PyObject* make_filter_type() {
    filter_type = checked(PyType_FromSpec(&filter_spec)).release();
    return filter_type;
}

std::shared_ptr<skep_filter> filter_of(PyObject* object) {
    if (object == nullptr || object == Py_None) return nullptr;
    if (PyObject_TypeCheck(object, reinterpret_cast<PyTypeObject*>(filter_type)) == 0) {
        PyErr_Format(PyExc_TypeError,
                     "filter is %R; wanted is a skep.Filter, as collection.allow(keys) or "
                     "collection.deny(keys) make one, or None",
                     object);
        throw PythonError();
    }
    const std::shared_ptr<skep_filter>* handle = reinterpret_cast<FilterObject*>(object)->handle;
    if (handle == nullptr) raise_status(SKEP_INVALID_ARGUMENT, "search: the filter is closed");
    return *handle;
}

}  // namespace skep::python
