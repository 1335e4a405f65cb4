/* SPDX-License-Identifier: MIT */
/* Answers without a table. */
#include "fake_backend.h"

skep_status skep_backend_entry(const skep_backend_request* request, skep_backend_answer* answer,
                               skep_error* error) {
    return fake_answer(request, answer, error, "null_table", 1, 1, NULL);
}
