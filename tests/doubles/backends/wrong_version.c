/* SPDX-License-Identifier: MIT */
/* Picks a version that nobody offered. */
#include "fake_backend.h"

skep_status skep_backend_entry(const skep_backend_request* request, skep_backend_answer* answer,
                               skep_error* error) {
    static skep_backend_operations operations;
    operations = fake_operations();
    const skep_status status =
        fake_answer(request, answer, error, "wrong_version", 1, 1, &operations);
    answer->abi_version = 9;
    return status;
}
