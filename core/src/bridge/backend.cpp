// SPDX-License-Identifier: MIT
#include "bridge/backend.hpp"

#include <cstdint>

#include "plugin/operation_table.hpp"
#include "skep/common/error_bridge.hpp"

namespace skep {

Backend::Backend(std::string name, const skep_backend_operations& operations,
                 const skep_host_services& host, std::shared_ptr<const void> library)
    : name_(std::move(name)), operations_(operations), host_(host), library_(std::move(library)) {
}

Backend::~Backend() {
    if (handle_ != nullptr) operations_.destroy(handle_);
}

Result<std::shared_ptr<Backend>> Backend::create(std::string name,
                                                 const skep_backend_operations& operations,
                                                 const skep_host_services& host,
                                                 std::shared_ptr<const void> library) {
    std::shared_ptr<Backend> backend(
        new Backend(std::move(name), operations, host, std::move(library)));
    skep_error error = SKEP_ERROR_INIT;
    const skep_status status = operations.create(&host, &backend->handle_, &error);
    if (status != SKEP_OK) {
        backend->handle_ = nullptr;
        return make_error(status, error, "backend create");
    }
    if (backend->handle_ == nullptr) {
        return Error(SKEP_BACKEND_MISBEHAVED,
                     "backend create: backend '" + backend->name_ +
                         "' reported success without a handle (PLUGIN-4)",
                     SKEP_LAYER_BACKEND);
    }
    return backend;
}

Result<void> Backend::probe() const {
    skep_error error = SKEP_ERROR_INIT;
    const skep_status status = operations_.probe(handle_, &error);
    if (status != SKEP_OK) return make_error(status, error, "probe");
    return {};
}

Result<std::uint32_t> Backend::device_count() const {
    skep_error error = SKEP_ERROR_INIT;
    std::uint32_t count = 0;
    const skep_status status = operations_.device_count(handle_, &count, &error);
    if (status != SKEP_OK) return make_error(status, error, "device count");
    return count;
}

Result<skep_device_info> Backend::device_info(std::uint32_t ordinal) const {
    skep_error error = SKEP_ERROR_INIT;
    skep_device_info info{};
    info.struct_size = sizeof info;
    const skep_status status = operations_.device_info(handle_, ordinal, &info, &error);
    if (status != SKEP_OK) return make_error(status, error, "device info");
    const std::string missing = operations_missing_for(info.capabilities, operations_);
    if (!missing.empty()) {
        return Error(SKEP_BACKEND_MISBEHAVED,
                     "device info: backend '" + name_ +
                         "' declares capabilities without their operations: " + missing +
                         " (PLUGIN-3)",
                     SKEP_LAYER_BACKEND);
    }
    info.struct_size = sizeof info;
    info.ordinal = static_cast<std::int32_t>(ordinal);
    copy_text(info.backend, name_.data(), name_.size());
    if (info.id[0] == '\0') {
        const std::string id = name_ + ":" + std::to_string(ordinal);
        copy_text(info.id, id.data(), id.size());
    }
    return info;
}

Result<skep_device_info> Backend::device_info_with_memory(std::uint32_t ordinal) const {
    Result<skep_device_info> info = device_info(ordinal);
    if (!info || (info->capabilities & SKEP_CAPABILITY_MEMORY_STATS) == 0) return info;
    skep_error error = SKEP_ERROR_INIT;
    const skep_status status = operations_.opt_device_memory(
        handle_, ordinal, &info->free_memory_bytes, &info->total_memory_bytes, &error);
    if (status != SKEP_OK) return make_error(status, error, "device memory");
    return info;
}

}  // namespace skep
