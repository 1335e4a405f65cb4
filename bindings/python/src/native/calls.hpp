// SPDX-License-Identifier: MIT
// How calls into libskep run: without the interpreter lock, stoppable by timeout, by a Cancel and
// by Ctrl-C, watched by a progress callback.
#pragma once

#include "python_support.hpp"

#include <functional>

namespace skep::python {

// How a method was asked to run: its keyword arguments, borrowed; NULL or None where not given.
struct CallKeywords {
    PyObject* timeout = nullptr;   // seconds
    PyObject* cancel = nullptr;    // Cancel
    PyObject* progress = nullptr;  // callable of (done, total), False stops; or a tqdm bar
};

// Whether a call may take longer than a user waits before pressing Ctrl-C.
enum class Duration { kShort, kMaybeLong };

using CallBody = std::function<skep_status(const skep_call_options*, skep_error*)>;

// Runs body with the interpreter lock released and raises what it fails with. CPython runs signal
// handlers on the main thread only, and only between instructions; so there a call that may be long
// runs on another thread (some 30 us) while the main one looks for signals. A call that is
// short, or made by another thread, runs where it is.
void run_call(const CallKeywords& keywords, Duration duration, const CallBody& body);

// For calls that take no options.
using PlainBody = std::function<skep_status(skep_error*)>;
void run_call(const PlainBody& body);

// The type Cancel; `handle_of` gives NULL for None, raises for anything else that is no Cancel.
PyObject* make_cancel_type();
skep_cancel* cancel_handle_of(PyObject* object);

}  // namespace skep::python
