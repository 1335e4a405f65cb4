/* SPDX-License-Identifier: MIT */
/* Its entry function fails with a reason of its own. */
#include "fake_backend.h"

skep_status skep_backend_entry(const skep_backend_request* request, skep_backend_answer* answer,
                               skep_error* error) {
    (void)request;
    (void)answer;
    return fake_fail(error, SKEP_INTERNAL, "entry: the fake backend is not in the mood");
}
