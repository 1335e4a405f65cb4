/* SPDX-License-Identifier: MIT */
/* Calls itself something else than its manifest does. */
#include "fake_backend.h"

skep_status skep_backend_entry(const skep_backend_request* request, skep_backend_answer* answer,
                               skep_error* error) {
    static skep_backend_operations operations;
    operations = fake_operations();
    return fake_answer(request, answer, error, "somebody_else", 1, 1, &operations);
}
