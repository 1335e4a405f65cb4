// SPDX-License-Identifier: MIT
// skep_file_describe: what is in a .skep file.
#include <skep/skep.h>

#include "api/arguments.hpp"
#include "bridge/byte_list.hpp"
#include "io/collection_file.hpp"
#include "skep/common/guard.hpp"

skep_status skep_file_describe(const char* path, skep_byte_list** out, skep_error* error) {
    return skep::guard(error, SKEP_LAYER_CLIENT, [&]() -> skep::Result<void> {
        const skep::Arguments arguments("skep_file_describe");
        arguments.require(path, "path");
        arguments.require(out, "out");
        const std::string description = skep::describe_collection_file(path).value();
        *out = skep::make_byte_list(description).release();
        return {};
    });
}
