/* SPDX-License-Identifier: MIT */
/* Counts no devices, successfully. */
#include "fake_backend.h"

static skep_status count_nothing(skep_backend* backend, uint32_t* out, skep_error* error) {
    (void)backend;
    (void)error;
    *out = 0;
    return SKEP_OK;
}

skep_status skep_backend_entry(const skep_backend_request* request, skep_backend_answer* answer,
                               skep_error* error) {
    static skep_backend_operations operations;
    operations = fake_operations();
    operations.device_count = count_nothing;
    return fake_answer(request, answer, error, "zero_devices", 1, 1, &operations);
}
