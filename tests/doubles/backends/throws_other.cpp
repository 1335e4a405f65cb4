// SPDX-License-Identifier: MIT
// create throws across the boundary: something that is no std::exception.
#include <stdexcept>

#include "fake_backend.h"

namespace {

skep_status throwing_create(const skep_host_services*, skep_backend**, skep_error*) {
    throw 42;
}

}  // namespace

skep_status skep_backend_entry(const skep_backend_request* request, skep_backend_answer* answer,
                               skep_error* error) {
    static skep_backend_operations operations;
    operations = fake_operations();
    operations.create = throwing_create;
    return fake_answer(request, answer, error, "throws_other", 1, 1, &operations);
}
