/* SPDX-License-Identifier: MIT */
/* Speaks only ABI versions that this host does not, and says so. */
#include "fake_backend.h"

skep_status skep_backend_entry(const skep_backend_request* request, skep_backend_answer* answer,
                               skep_error* error) {
    static skep_backend_operations operations;
    operations = fake_operations();
    return fake_answer(request, answer, error, "future_abi", 2, 3, &operations);
}
