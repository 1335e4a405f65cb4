// SPDX-License-Identifier: MIT
// Runtimes, their backends, and the explain report.
#include <skep/skep.h>

#include <cstdint>
#include <memory>

#include "api/arguments.hpp"
#include "bridge/byte_list.hpp"
#include "runtime/explain_report.hpp"
#include "runtime/runtime.hpp"
#include "runtime/runtime_impl.hpp"
#include "skep/common/guard.hpp"

namespace skep {
namespace {

template <std::size_t Size>
void copy_string(char (&target)[Size], const std::string& text) {
    copy_text(target, text.data(), text.size());
}

skep_backend_info info_of(const Candidate& candidate) {
    skep_backend_info info{};
    info.state = candidate.state;
    info.reason = candidate.reason;
    info.priority = candidate.manifest.priority;
    info.is_builtin = candidate.is_builtin() ? 1 : 0;
    info.num_devices = static_cast<std::uint32_t>(candidate.devices.size());
    copy_string(info.name, candidate.manifest.name);
    copy_string(info.version, candidate.manifest.version);
    copy_string(info.origin, candidate.origin);
    copy_string(info.message, candidate.message);
    copy_string(info.manifest_path, candidate.manifest_path);
    copy_string(info.library_path, candidate.library_path);
    return info;
}

}  // namespace
}  // namespace skep

skep_status skep_runtime_create(const skep_runtime_options* options, skep_runtime** out,
                                skep_error* error) {
    return skep::guard(error, SKEP_LAYER_CLIENT, [&]() -> skep::Result<void> {
        const skep::Arguments arguments("skep_runtime_create");
        arguments.require(out, "out");
        auto handle = std::make_unique<skep_runtime>();
        handle->runtime = skep::Runtime::create(options).value();
        *out = handle.release();
        return {};
    });
}

void skep_runtime_destroy(skep_runtime* runtime) {
    delete runtime;
}

skep_status skep_runtime_num_backends(skep_runtime* runtime, uint64_t* out, skep_error* error) {
    return skep::guard(error, SKEP_LAYER_CLIENT, [&]() -> skep::Result<void> {
        const skep::Arguments arguments("skep_runtime_num_backends");
        arguments.require(runtime, "runtime");
        arguments.require(out, "out");
        *out = runtime->runtime->impl().registry().num_candidates();
        return {};
    });
}

skep_status skep_runtime_backend_at(skep_runtime* runtime, uint64_t index, skep_backend_info* out,
                                    skep_error* error) {
    return skep::guard(error, SKEP_LAYER_CLIENT, [&]() -> skep::Result<void> {
        const skep::Arguments arguments("skep_runtime_backend_at");
        arguments.require(runtime, "runtime");
        arguments.require_struct(out, SKEP_SIZE_THROUGH(skep_backend_info, state), "out");
        const skep::BackendRegistry& registry = runtime->runtime->impl().registry();
        if (index >= registry.num_candidates()) {
            throw arguments.invalid("index is " + std::to_string(index) + "; expected less than " +
                                    std::to_string(registry.num_candidates()));
        }
        skep::write_struct(out, skep::info_of(registry.candidate(index)));
        return {};
    });
}

skep_status skep_runtime_explain(skep_runtime* runtime, int32_t format, skep_byte_list** out,
                                 skep_error* error) {
    return skep::guard(error, SKEP_LAYER_CLIENT, [&]() -> skep::Result<void> {
        const skep::Arguments arguments("skep_runtime_explain");
        arguments.require(runtime, "runtime");
        arguments.require(out, "out");
        arguments.require_between(format, SKEP_FORMAT_TEXT, SKEP_FORMAT_JSON, "format");
        skep::Runtime::Impl& impl = runtime->runtime->impl();
        *out = skep::make_byte_list(format == SKEP_FORMAT_JSON ? skep::explain_as_json(impl)
                                                               : skep::explain_as_text(impl))
                   .release();
        return {};
    });
}
