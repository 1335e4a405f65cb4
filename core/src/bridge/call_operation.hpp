// SPDX-License-Identifier: MIT
// One call of an operation table as a Result.
#pragma once

#include <skep/backend.h>

#include "skep/common/error_bridge.hpp"
#include "skep/result.hpp"

namespace skep {

// Calls one operation of the table and turns its status into a Result.
template <typename Operation, typename... Arguments>
Result<void> call_operation(const char* name, Operation operation, Arguments... arguments) {
    skep_error error;  // its text is a kilobyte, not worth clearing for every call
    error.struct_size = sizeof error;
    error.code = SKEP_OK;
    error.layer = SKEP_LAYER_NONE;
    error.reserved = 0;
    error.native_code = 0;
    error.message[0] = '\0';
    const skep_status status = operation(arguments..., &error);
    if (status != SKEP_OK) return make_error(status, error, name);
    return {};
}

}  // namespace skep
