/* SPDX-License-Identifier: MIT */
/* Needs a symbol that nobody defines. */
#include "fake_backend.h"

void fake_symbol_that_nobody_defines(void);

skep_status skep_backend_entry(const skep_backend_request* request, skep_backend_answer* answer,
                               skep_error* error) {
    static skep_backend_operations operations;
    operations = fake_operations();
    fake_symbol_that_nobody_defines();
    return fake_answer(request, answer, error, "unresolved", 1, 1, &operations);
}
