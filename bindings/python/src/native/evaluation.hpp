// SPDX-License-Identifier: MIT
// Functions of _native over evaluation.h: conversion, exact ground truth, recall, vector files.
#pragma once

#include "python_support.hpp"

namespace skep::python {

PyObject* convert(PyObject* module, PyObject* arguments);
PyObject* ground_truth(PyObject* module, PyObject* arguments);
PyObject* recall(PyObject* module, PyObject* arguments);
PyObject* similarity(PyObject* module, PyObject* arguments);
PyObject* describe_file(PyObject* module, PyObject* path);
PyObject* read_vectors(PyObject* module, PyObject* path);
PyObject* write_vectors(PyObject* module, PyObject* arguments);

}  // namespace skep::python
