/* SPDX-License-Identifier: MIT */
/* create reports success without a handle. */
#include "fake_backend.h"

static skep_status empty_create(const skep_host_services* host, skep_backend** out,
                                skep_error* error) {
    (void)host;
    (void)out;
    (void)error;
    return SKEP_OK;
}

skep_status skep_backend_entry(const skep_backend_request* request, skep_backend_answer* answer,
                               skep_error* error) {
    static skep_backend_operations operations;
    operations = fake_operations();
    operations.create = empty_create;
    return fake_answer(request, answer, error, "null_handle", 1, 1, &operations);
}
