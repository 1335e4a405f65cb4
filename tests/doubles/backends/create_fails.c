/* SPDX-License-Identifier: MIT */
/* create fails and says why. */
#include "fake_backend.h"

static skep_status failing_create(const skep_host_services* host, skep_backend** out,
                                  skep_error* error) {
    (void)host;
    (void)out;
    return fake_fail(error, SKEP_DEVICE_FAILED, "create: the fake driver answered 7");
}

skep_status skep_backend_entry(const skep_backend_request* request, skep_backend_answer* answer,
                               skep_error* error) {
    static skep_backend_operations operations;
    operations = fake_operations();
    operations.create = failing_create;
    return fake_answer(request, answer, error, "create_fails", 1, 1, &operations);
}
