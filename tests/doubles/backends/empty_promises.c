/* SPDX-License-Identifier: MIT */
/* The device declares capabilities that the table has no operations for. */
#include "fake_backend.h"

static skep_status promising_device_info(skep_backend* backend, uint32_t ordinal,
                                         skep_device_info* out, skep_error* error) {
    const skep_status status = fake_device_info(backend, ordinal, out, error);
    out->capabilities = SKEP_CAPABILITY_RANGE_SEARCH | SKEP_CAPABILITY_WARM_UP;
    return status;
}

skep_status skep_backend_entry(const skep_backend_request* request, skep_backend_answer* answer,
                               skep_error* error) {
    static skep_backend_operations operations;
    operations = fake_operations();
    operations.device_info = promising_device_info;
    return fake_answer(request, answer, error, "empty_promises", 1, 1, &operations);
}
