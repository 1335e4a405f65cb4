// SPDX-License-Identifier: MIT
// The guard of every operation of a backend written in C++: no exception passes the C boundary.
#pragma once

#include <cstdint>

#include "skep/common/guard.hpp"

namespace skep::plugin {

// Runs `body`, which returns Result<void> or throws, and answers with a status of the backend
// layer.
template <typename Body>
skep_status guard(skep_error* error, Body&& body) noexcept {
    return ::skep::guard(error, SKEP_LAYER_BACKEND, std::forward<Body>(body));
}

// An Error of the backend layer.
inline Error backend_error(skep_status status, const std::string& message,
                           std::int64_t native_code = 0) {
    return Error(status, message, SKEP_LAYER_BACKEND, native_code);
}

}  // namespace skep::plugin
