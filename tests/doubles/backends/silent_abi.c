/* SPDX-License-Identifier: MIT */
/* Refuses every version without naming its own. */
#include "fake_backend.h"

skep_status skep_backend_entry(const skep_backend_request* request, skep_backend_answer* answer,
                               skep_error* error) {
    (void)request;
    (void)answer;
    fake_trace("entry");
    return fake_fail(error, SKEP_ABI_MISMATCH, "no");
}
