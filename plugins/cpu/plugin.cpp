// SPDX-License-Identifier: MIT
// The exported symbol of skep_backend_cpu.so.
#include "cpu_entry.hpp"

extern "C" skep_status skep_backend_entry(const skep_backend_request* request,
                                          skep_backend_answer* answer, skep_error* error) {
    return skep_cpu_backend_entry(request, answer, error);
}
