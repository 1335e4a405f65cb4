// SPDX-License-Identifier: MIT
// The type _native.Runtime: backends, devices and worker threads.
#pragma once

#include "python_support.hpp"

#include <memory>

namespace skep::python {

using RuntimeHandle = std::shared_ptr<skep_runtime>;

PyObject* make_runtime_type();
// Raises TypeError for anything else.
RuntimeHandle runtime_of(PyObject* object);

// One device as a dict of the fields of skep_device_info.
Ref dict_of(const skep_device_info& info);

}  // namespace skep::python
