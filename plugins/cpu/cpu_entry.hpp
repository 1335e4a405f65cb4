// SPDX-License-Identifier: MIT
// The entry of the CPU backend under the name by which libskep, which links it in, calls it.
#pragma once

#include <skep/backend.h>

extern "C" skep_status skep_cpu_backend_entry(const skep_backend_request* request,
                                              skep_backend_answer* answer, skep_error* error);
