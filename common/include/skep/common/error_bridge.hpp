// SPDX-License-Identifier: MIT
// Error <-> skep_error, in both directions.
#pragma once

#include <skep/status.h>

#include <cstdint>
#include <cstring>
#include <string>

#include "skep/common/struct_copy.hpp"
#include "skep/result.hpp"

namespace skep {

// Fills the caller's error as far as it reaches; null and too short ones are ignored.
inline void write_error(skep_error* target, skep_status status, std::int32_t layer,
                        std::int64_t native_code, const char* message) noexcept {
    if (target == nullptr || !has_size(target, SKEP_SIZE_THROUGH(skep_error, code))) return;
    skep_error value{};
    value.code = status;
    value.layer = layer;
    value.native_code = native_code;
    copy_text(value.message, message, std::strlen(message));
    write_struct(target, value);
}

inline skep_status write_error(skep_error* target, const Error& error) noexcept {
    write_error(target, error.status(), error.layer(), error.native_code(), error.message());
    return error.status();
}

// The Error for a failed call of a C function. The peer may have left the text empty.
inline Error make_error(skep_status status, const skep_error& error, const char* operation) {
    // A peer that forgot the terminator must not make us read on.
    const std::size_t length = strnlen(error.message, sizeof error.message);
    std::string message(error.message, length);
    if (message.empty()) {
        message = std::string(operation) + ": failed with status " + std::to_string(status) +
                  " and no message";
    }
    return Error(status, message, error.layer, error.native_code);
}

}  // namespace skep
