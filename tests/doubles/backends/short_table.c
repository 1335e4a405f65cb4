/* SPDX-License-Identifier: MIT */
/* Its table ends after device_close, as one of a much older version would. */
#include "fake_backend.h"

skep_status skep_backend_entry(const skep_backend_request* request, skep_backend_answer* answer,
                               skep_error* error) {
    static skep_backend_operations operations;
    operations = fake_operations();
    operations.struct_size = (uint32_t)SKEP_SIZE_THROUGH(skep_backend_operations, device_close);
    return fake_answer(request, answer, error, "short_table", 1, 1, &operations);
}
