/* SPDX-License-Identifier: MIT */
/* Has a device that cannot be opened. */
#include "fake_backend.h"

static skep_status failing_open(skep_backend* backend, uint32_t ordinal, skep_device** out,
                                skep_error* error) {
    (void)backend;
    (void)ordinal;
    (void)out;
    return fake_fail(error, SKEP_OUT_OF_DEVICE_MEMORY, "device open: the fake device is full");
}

skep_status skep_backend_entry(const skep_backend_request* request, skep_backend_answer* answer,
                               skep_error* error) {
    static skep_backend_operations operations;
    operations = fake_operations();
    operations.device_open = failing_open;
    return fake_answer(request, answer, error, "open_fails", 1, 1, &operations);
}
