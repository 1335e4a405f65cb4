// SPDX-License-Identifier: MIT
// skep.h: filters.
#include <skep/skep.h>

#include "api/arguments.hpp"
#include "collection/collection.hpp"
#include "skep/common/guard.hpp"

using namespace skep;

skep_status skep_filter_create(skep_collection* collection, int32_t mode, const skep_keys* keys,
                               skep_filter** out, skep_error* error) {
    return guard(error, SKEP_LAYER_CLIENT, [&]() -> Result<void> {
        const Arguments arguments("skep_filter_create");
        arguments.require(collection, "collection");
        arguments.require(out, "out");
        const skep_keys key_list = arguments.read(keys, SKEP_SIZE_THROUGH(skep_keys, u64), "keys");
        auto handle = std::make_unique<skep_filter>();
        handle->filter = collection->collection->make_filter(mode, key_list).value();
        *out = handle.release();
        return {};
    });
}

void skep_filter_destroy(skep_filter* filter) {
    delete filter;
}
