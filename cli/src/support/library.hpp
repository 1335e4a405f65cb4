// SPDX-License-Identifier: MIT
// The functions of skep.h that skep.hpp has no class for, called so that a failure is an exception.
#pragma once

#include <skep/skep.hpp>
#include <string>

namespace skep::cli {

// Calls a function that takes its error last; throws that error.
template <typename Function, typename... Arguments>
void call(Function function, Arguments... arguments) {
    skep_error error = SKEP_ERROR_INIT;
    const skep_status status = function(arguments..., &error);
    if (status != SKEP_OK) throw Error(status, error.message, error.layer, error.native_code);
}

}  // namespace skep::cli
