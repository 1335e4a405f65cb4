// SPDX-License-Identifier: MIT
// The type _native.Collection, of which skep.Collection is a subclass. Its methods stand in three
// files: this one's (making, opening, files, figures), rows and searching.
#pragma once

#include "byte_lists.hpp"
#include "calls.hpp"
#include "matrices.hpp"
#include "python_support.hpp"

#include <memory>

namespace skep::python {

struct DestroyCollection {
    void operator()(skep_collection* collection) const noexcept {
        skep_collection_destroy(collection);
    }
};

// What an open collection is. Every call shares it, so that close() on another thread does not take
// the collection away from a call that runs.
struct CollectionState {
    std::unique_ptr<skep_collection, DestroyCollection> handle;
    skep_collection_info info;
    skep_device_info device;
};
using SharedState = std::shared_ptr<const CollectionState>;

// Raises InvalidArgumentError when the collection was closed or never made.
SharedState state_of(PyObject* self, const char* operation);
// The same for an object that came as an argument; raises TypeError if it is no collection.
SharedState collection_state_of(PyObject* object, const char* operation);
// As borrow_matrix; and refuses memory that the collection's device cannot read, saying what to do.
BorrowedMatrix borrow_rows(PyObject* object, const char* operation, const char* role,
                           const CollectionState& state);

// Methods of rows.cpp.
PyObject* collection_add(PyObject* self, PyObject* arguments);
PyObject* collection_remove(PyObject* self, PyObject* keys);
PyObject* collection_get(PyObject* self, PyObject* arguments);
PyObject* collection_contains(PyObject* self, PyObject* keys);
PyObject* collection_keys(PyObject* self, PyObject*);
// Methods of searching.cpp.
PyObject* collection_search(PyObject* self, PyObject* arguments, PyObject* keywords);
PyObject* collection_calibrate(PyObject* self, PyObject* arguments);
PyObject* collection_range_search(PyObject* self, PyObject* arguments, PyObject* keywords);

PyObject* make_collection_type();
// skep.Hits and skep.RangeHits, what searches answer with.
PyObject* make_hits_type();
PyObject* make_range_hits_type();

// The type _native.Filter.
PyObject* make_filter_type();
// NULL for NULL and None; raises TypeError for what is no filter.
std::shared_ptr<skep_filter> filter_of(PyObject* object);
}  // namespace skep::python
