// SPDX-License-Identifier: MIT
// The one place where C++ exceptions end before they reach a C boundary.
#pragma once

#include <skep/status.h>

#include <cstdint>
#include <exception>
#include <new>

#include "skep/common/error_bridge.hpp"
#include "skep/result.hpp"

namespace skep {

// Runs `body`, which returns Result<void>, and turns whatever comes out of it into a status and an
// error text.
template <typename Body>
skep_status guard(skep_error* error, std::int32_t layer, Body&& body) noexcept {
    try {
        const Result<void> result = std::forward<Body>(body)();
        if (result) return SKEP_OK;
        return write_error(error, result.error());
    } catch (const Error& failure) {
        return write_error(error, failure);
    } catch (const std::bad_alloc&) {
        write_error(error, SKEP_OUT_OF_HOST_MEMORY, layer, 0, "out of host memory");
        return SKEP_OUT_OF_HOST_MEMORY;
    } catch (const std::exception& failure) {
        write_error(error, SKEP_INTERNAL, layer, 0, failure.what());
        return SKEP_INTERNAL;
    } catch (...) {
        write_error(error, SKEP_INTERNAL, layer, 0, "an exception that is no std::exception");
        return SKEP_INTERNAL;
    }
}

}  // namespace skep
