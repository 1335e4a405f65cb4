/* SPDX-License-Identifier: MIT */
/* Two fixtures with a private symbol of one name, each with its own answer. */
#include "fake_backend.h"

/* Not static: local to the library only by the way in which it is linked and opened. */
const char* fake_private_answer(void);
const char* fake_private_answer(void) {
    return "answer of b";
}

static skep_status clashing_device_info(skep_backend* backend, uint32_t ordinal,
                                        skep_device_info* out, skep_error* error) {
    const skep_status status = fake_device_info(backend, ordinal, out, error);
    snprintf(out->name, sizeof out->name, "%s", fake_private_answer());
    return status;
}

skep_status skep_backend_entry(const skep_backend_request* request, skep_backend_answer* answer,
                               skep_error* error) {
    static skep_backend_operations operations;
    operations = fake_operations();
    operations.device_info = clashing_device_info;
    return fake_answer(request, answer, error, "clash_b", 1, 1, &operations);
}
