// SPDX-License-Identifier: MIT
// The body of a backend's entry function: negotiates the ABI version and fills in the answer.
//
//     extern "C" skep_status skep_backend_entry(const skep_backend_request* request,
//                                               skep_backend_answer* answer, skep_error* error) {
//         static const skep_backend_operations operations = {...};
//         return skep::plugin::answer_entry({"mine", "1.2.0", &operations}, request, answer,
//         error);
//     }
//
// Allocates nothing, starts nothing and may be called again.
#pragma once

#include <skep/backend.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "skep/common/error_bridge.hpp"
#include "skep/common/struct_copy.hpp"

namespace skep::plugin {

// The versions of the backend ABI that one side speaks, both ends included.
struct VersionRange {
    std::uint32_t min = SKEP_BACKEND_ABI_VERSION;
    std::uint32_t max = SKEP_BACKEND_ABI_VERSION;
};

// The highest version in both ranges; 0, which is no version, when there is none.
inline std::uint32_t negotiate_version(VersionRange ours, VersionRange theirs) noexcept {
    if (ours.min > ours.max || theirs.min > theirs.max) return 0;
    const std::uint32_t highest = std::min(ours.max, theirs.max);
    return highest >= std::max(ours.min, theirs.min) ? highest : 0;
}

// What a backend says about itself; name and version are those of the manifest.
struct BackendDescription {
    const char* name;
    const char* version;
    const skep_backend_operations* operations;  // static data, struct_size set
    VersionRange versions{};
};

inline skep_status answer_entry(const BackendDescription& description,
                                const skep_backend_request* request, skep_backend_answer* answer,
                                skep_error* error) noexcept {
    if (request == nullptr || answer == nullptr) {
        write_error(error, SKEP_INVALID_ARGUMENT, SKEP_LAYER_BACKEND, 0,
                    "backend entry: request and answer must not be NULL");
        return SKEP_INVALID_ARGUMENT;
    }
    if (!has_size(request, SKEP_SIZE_THROUGH(skep_backend_request, max_abi_version)) ||
        !has_size(answer, SKEP_SIZE_THROUGH(skep_backend_answer, version))) {
        write_error(error, SKEP_INVALID_ARGUMENT, SKEP_LAYER_BACKEND, 0,
                    "backend entry: struct_size of request or answer is below the floor of ABI 1");
        return SKEP_INVALID_ARGUMENT;
    }
    const skep_backend_request asked = read_struct(request);
    if (asked.reserved != 0) {
        write_error(error, SKEP_INVALID_ARGUMENT, SKEP_LAYER_BACKEND, 0,
                    "backend entry: reserved field of the request must be 0");
        return SKEP_INVALID_ARGUMENT;
    }
    skep_backend_answer value{};
    value.min_abi_version = description.versions.min;
    value.max_abi_version = description.versions.max;
    copy_text(value.name, description.name, std::strlen(description.name));
    copy_text(value.version, description.version, std::strlen(description.version));
    value.abi_version =
        negotiate_version(description.versions, {asked.min_abi_version, asked.max_abi_version});
    if (value.abi_version == 0) {
        // The range is filled in on refusal too; the operations are not.
        write_struct(answer, value);
        char message[256];
        std::snprintf(message, sizeof message,
                      "backend entry: host speaks ABI %u to %u, backend '%.64s' speaks %u to %u",
                      asked.min_abi_version, asked.max_abi_version, description.name,
                      description.versions.min, description.versions.max);
        write_error(error, SKEP_ABI_MISMATCH, SKEP_LAYER_BACKEND, 0, message);
        return SKEP_ABI_MISMATCH;
    }
    value.operations = description.operations;
    write_struct(answer, value);
    return SKEP_OK;
}

}  // namespace skep::plugin
