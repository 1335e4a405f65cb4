/* SPDX-License-Identifier: MIT */
/* Without a defect. */
#include "fake_backend.h"

skep_status skep_backend_entry(const skep_backend_request* request, skep_backend_answer* answer,
                               skep_error* error) {
    static skep_backend_operations operations;
    operations = fake_operations();
    return fake_answer(request, answer, error, "good", 1, 1, &operations);
}
