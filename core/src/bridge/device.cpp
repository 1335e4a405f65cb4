// SPDX-License-Identifier: MIT
#include "bridge/device.hpp"

#include <cstdint>

#include "skep/common/error_bridge.hpp"

namespace skep {

Device::~Device() {
    if (handle_ != nullptr) operations().device_close(handle_);
}

Result<std::shared_ptr<Device>> Device::open(std::shared_ptr<Backend> backend,
                                             const skep_device_info& info) {
    std::shared_ptr<Device> device(new Device(std::move(backend), info));
    skep_error error = SKEP_ERROR_INIT;
    const skep_status status = device->operations().device_open(
        device->backend_->handle(), static_cast<std::uint32_t>(info.ordinal), &device->handle_,
        &error);
    if (status != SKEP_OK) {
        device->handle_ = nullptr;
        return make_error(status, error, "device open");
    }
    return device;
}

Result<Store> Device::create_store(const skep_store_options& options) {
    skep_error error = SKEP_ERROR_INIT;
    skep_store* handle = nullptr;
    const skep_status status = operations().store_create(handle_, &options, &handle, &error);
    if (status != SKEP_OK) return make_error(status, error, "store create");
    return Store(shared_from_this(), handle);
}

Result<Store> Device::adopt_store(const skep_store_options& options, const skep_matrix& rows,
                                  std::shared_ptr<const void> owner, const skep_call* call) {
    using Owner = std::shared_ptr<const void>;
    auto held = std::make_unique<Owner>(std::move(owner));
    const skep_release release{held.get(),
                               [](void* context) { delete static_cast<Owner*>(context); }};
    skep_error error = SKEP_ERROR_INIT;
    skep_store* handle = nullptr;
    const skep_status status =
        operations().opt_store_adopt(handle_, &options, &rows, &release, call, &handle, &error);
    if (status != SKEP_OK) return make_error(status, error, "store adopt");
    static_cast<void>(held.release());  // the backend calls release
    return Store(shared_from_this(), handle);
}

}  // namespace skep
