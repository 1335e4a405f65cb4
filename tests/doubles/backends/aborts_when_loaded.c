/* SPDX-License-Identifier: MIT */
/* Ends the process when it is loaded: shows that it never is. */
#include "fake_backend.h"

__attribute__((constructor)) static void end_the_process(void) {
    abort();
}

skep_status skep_backend_entry(const skep_backend_request* request, skep_backend_answer* answer,
                               skep_error* error) {
    static skep_backend_operations operations;
    operations = fake_operations();
    return fake_answer(request, answer, error, "aborts_when_loaded", 1, 1, &operations);
}
