/* SPDX-License-Identifier: MIT */
/* Lacks three required operations. */
#include "fake_backend.h"

skep_status skep_backend_entry(const skep_backend_request* request, skep_backend_answer* answer,
                               skep_error* error) {
    static skep_backend_operations operations;
    operations = fake_operations();
    operations.create = NULL;
    operations.mask_create = NULL;
    operations.store_search = NULL;
    return fake_answer(request, answer, error, "missing_operations", 1, 1, &operations);
}
