// SPDX-License-Identifier: MIT
// Checks of what crosses the backend ABI. Each throws an Error of the backend layer.
#pragma once

#include <skep/backend.h>

#include <cstdint>

#include "skep/common/struct_copy.hpp"
#include "skep/plugin_support/guard.hpp"

namespace skep::cpu {

[[noreturn]] void fail(skep_status status, const std::string& message);

inline void require(bool condition, skep_status status, const char* message) {
    if (!condition) fail(status, message);
}

// A copy of a size-first struct that must reach `floor` bytes. name: "search: request".
template <typename Struct>
Struct read_argument(const Struct* source, std::size_t floor, const char* name) {
    if (source == nullptr) fail(SKEP_INVALID_ARGUMENT, std::string(name) + " must not be NULL");
    if (!has_size(source, floor)) {
        fail(SKEP_INVALID_ARGUMENT,
             std::string(name) + ": struct_size is below " + std::to_string(floor));
    }
    return read_struct(source);
}

// A matrix in memory that this backend reads, with its stride filled in.
skep_matrix read_matrix(const skep_matrix* source, const char* name);
skep_mutable_matrix read_matrix(const skep_mutable_matrix* source, const char* name);

// Null, or a call with a poll function.
const skep_call* read_call(const skep_call* call, const char* name);

// Null, or a bitmap with its words; `copy` receives it.
const skep_bitmap* read_bitmap(const skep_bitmap* source, skep_bitmap& copy, const char* name);

}  // namespace skep::cpu
