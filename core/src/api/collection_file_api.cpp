// SPDX-License-Identifier: MIT
// skep.h: collections as files.
#include <skep/skep.h>

#include "api/arguments.hpp"
#include "collection/collection.hpp"
#include "io/collection_file.hpp"
#include "io/hnswlib_file.hpp"
#include "runtime/runtime.hpp"
#include "skep/common/guard.hpp"

using namespace skep;

namespace {

// What a file held, as a collection on a device that takes it. device: NULL for "auto". Throws
// Error.
std::unique_ptr<skep_collection> load(const skep_runtime& runtime, const char* device,
                                      LoadedCollection loaded, CallControl& control) {
    const CollectionContents& contents = loaded.contents;
    auto opened = runtime.runtime
                      ->open_device(device == nullptr ? "auto" : device,
                                    {contents.metric, contents.dtype, contents.dim, contents.index})
                      .value();
    auto handle = std::make_unique<skep_collection>();
    handle->collection = Collection::load(std::move(opened), std::move(loaded), control).value();
    return handle;
}

}  // namespace

skep_status skep_collection_save(skep_collection* collection, const char* path,
                                 const skep_call_options* call, skep_error* error) {
    return guard(error, SKEP_LAYER_CLIENT, [&]() -> Result<void> {
        const Arguments arguments("skep_collection_save");
        arguments.require(collection, "collection");
        arguments.require(path, "path");
        const std::unique_ptr<CallControl> control = CallControl::create(call).value();
        return collection->collection->save(path, *control);
    });
}

skep_status skep_collection_open(skep_runtime* runtime, const char* path,
                                 const skep_open_options* options, const skep_call_options* call,
                                 skep_collection** out, skep_error* error) {
    return guard(error, SKEP_LAYER_CLIENT, [&]() -> Result<void> {
        const Arguments arguments("skep_collection_open");
        arguments.require(runtime, "runtime");
        arguments.require(path, "path");
        arguments.require(out, "out");
        const skep_open_options wanted = arguments.read_optional(
            options, SKEP_SIZE_THROUGH(skep_open_options, flags), "options");
        arguments.require_bits(wanted.flags, SKEP_OPEN_MAP | SKEP_OPEN_SKIP_CHECKSUMS,
                               "options.flags");
        const std::unique_ptr<CallControl> control = CallControl::create(call).value();
        LoadedCollection loaded = read_collection_file(path, wanted.flags, *control).value();
        *out = load(*runtime, wanted.device, std::move(loaded), *control).release();
        return {};
    });
}

skep_status skep_collection_import_hnswlib(skep_runtime* runtime, const char* path,
                                           const skep_hnswlib_options* options,
                                           const skep_call_options* call, skep_collection** out,
                                           skep_error* error) {
    return guard(error, SKEP_LAYER_CLIENT, [&]() -> Result<void> {
        const Arguments arguments("skep_collection_import_hnswlib");
        arguments.require(runtime, "runtime");
        arguments.require(path, "path");
        arguments.require(out, "out");
        const skep_hnswlib_options wanted =
            arguments.read(options, SKEP_SIZE_THROUGH(skep_hnswlib_options, dtype), "options");
        arguments.require_zero(wanted.reserved, "options.reserved");
        skep_collection_info info{};
        info.dim = 1;  // the file has the true one
        info.metric = wanted.metric;
        info.dtype = wanted.dtype;
        Collection::check_info("import hnswlib", info).value();
        const std::unique_ptr<CallControl> control = CallControl::create(call).value();
        HnswlibFile file = read_hnswlib_file(path, wanted.metric, wanted.dtype, *control).value();
        std::unique_ptr<skep_collection> handle =
            load(*runtime, wanted.device, std::move(file.loaded), *control);
        const skep_keys removed = SKEP_U64_KEYS(file.removed_keys.data(), file.removed_keys.size());
        handle->collection->remove(removed).value();
        *out = handle.release();
        return {};
    });
}

skep_status skep_collection_export_hnswlib(skep_collection* collection, const char* path,
                                           const skep_call_options* call, skep_error* error) {
    return guard(error, SKEP_LAYER_CLIENT, [&]() -> Result<void> {
        const Arguments arguments("skep_collection_export_hnswlib");
        arguments.require(collection, "collection");
        arguments.require(path, "path");
        const std::unique_ptr<CallControl> control = CallControl::create(call).value();
        return collection->collection->export_hnswlib(path, *control);
    });
}
