/* SPDX-License-Identifier: MIT */
/* Loads, and has no device on this machine. */
#include "fake_backend.h"

static skep_status absent_probe(skep_backend* backend, skep_error* error) {
    (void)backend;
    return fake_fail(error, SKEP_DEVICE_NOT_AVAILABLE, "probe: no fake driver is installed");
}

skep_status skep_backend_entry(const skep_backend_request* request, skep_backend_answer* answer,
                               skep_error* error) {
    static skep_backend_operations operations;
    operations = fake_operations();
    operations.probe = absent_probe;
    return fake_answer(request, answer, error, "no_device", 1, 1, &operations);
}
