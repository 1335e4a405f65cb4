// SPDX-License-Identifier: MIT
// Devices of a runtime.
#include <skep/skep.h>

#include "api/arguments.hpp"
#include "runtime/runtime.hpp"
#include "runtime/runtime_impl.hpp"
#include "skep/common/guard.hpp"

namespace {

// Identity and memory kind are what an older peer needs.
constexpr std::size_t kDeviceInfoFloor = SKEP_SIZE_THROUGH(skep_device_info, memory_device_id);

}  // namespace

skep_status skep_runtime_num_devices(skep_runtime* runtime, uint64_t* out, skep_error* error) {
    return skep::guard(error, SKEP_LAYER_CLIENT, [&]() -> skep::Result<void> {
        const skep::Arguments arguments("skep_runtime_num_devices");
        arguments.require(runtime, "runtime");
        arguments.require(out, "out");
        *out = runtime->runtime->impl().list_devices().value().size();
        return {};
    });
}

skep_status skep_runtime_device_at(skep_runtime* runtime, uint64_t index, skep_device_info* out,
                                   skep_error* error) {
    return skep::guard(error, SKEP_LAYER_CLIENT, [&]() -> skep::Result<void> {
        const skep::Arguments arguments("skep_runtime_device_at");
        arguments.require(runtime, "runtime");
        arguments.require_struct(out, kDeviceInfoFloor, "out");
        skep::Runtime::Impl& impl = runtime->runtime->impl();
        const auto devices = impl.list_devices().value();
        if (index >= devices.size()) {
            throw arguments.invalid("index is " + std::to_string(index) + "; expected less than " +
                                    std::to_string(devices.size()));
        }
        skep::write_struct(out, impl.read_info(devices[index]).value());
        return {};
    });
}

skep_status skep_runtime_find_device(skep_runtime* runtime, const char* name, skep_device_info* out,
                                     skep_error* error) {
    return skep::guard(error, SKEP_LAYER_CLIENT, [&]() -> skep::Result<void> {
        const skep::Arguments arguments("skep_runtime_find_device");
        arguments.require(runtime, "runtime");
        arguments.require(name, "name");
        arguments.require_struct(out, kDeviceInfoFloor, "out");
        skep::write_struct(out, runtime->runtime->impl().find_device(name).value());
        return {};
    });
}
