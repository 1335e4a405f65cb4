// SPDX-License-Identifier: MIT
#include "cuda_backend.hpp"

#include <unistd.h>
#include <skep/common/struct_copy.hpp>

#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "driver/driver_version.hpp"
#include "kernels/flat_types.h"

namespace skep::cuda {
namespace {

// Nothing where the process has more rights than who started it.
std::string environment(const char* name) {
    const char* value = secure_getenv(name);
    return value != nullptr ? value : "";
}

// Throws on a value that means nothing.
DeviceSettings read_settings() {
    DeviceSettings settings;
    settings.forced_rung = environment("SKEP_CUDA_PTX");
    const std::string walks = environment("SKEP_CUDA_WALKS");
    if (walks == "always") {
        settings.walks = DeviceSettings::Walks::kAlways;
    } else if (walks == "never") {
        settings.walks = DeviceSettings::Walks::kNever;
    } else if (!walks.empty()) {
        throw Error(SKEP_INVALID_ARGUMENT,
                    fmt::format("SKEP_CUDA_WALKS is '{}'; 'always' or 'never' is expected", walks),
                    SKEP_LAYER_BACKEND);
    }
    const std::string slots = environment("SKEP_CUDA_PLAIN_SLOTS");
    if (slots.empty()) return settings;
    const auto [end, failure] =
        std::from_chars(slots.data(), slots.data() + slots.size(), settings.max_plain_slots);
    if (failure != std::errc() || end != slots.data() + slots.size() ||
        settings.max_plain_slots > kMaxPlainSlots) {
        throw Error(SKEP_INVALID_ARGUMENT,
                    fmt::format("SKEP_CUDA_PLAIN_SLOTS is '{}'; 0 to {} is expected", slots,
                                kMaxPlainSlots),
                    SKEP_LAYER_BACKEND);
    }
    return settings;
}

Error no_device(const std::string& reason, std::int64_t native_code = 0) {
    return {SKEP_DEVICE_NOT_AVAILABLE, reason,
            native_code != 0 ? SKEP_LAYER_DRIVER : SKEP_LAYER_BACKEND, native_code};
}

// Whether the kernel module knows of GPUs that CUDA does not show.
bool has_hidden_gpu() {
    std::error_code ignored;
    return std::filesystem::exists("/dev/nvidia0", ignored);
}

// Why cuInit refused, or why there are no devices though it did not.
Error reason_for(const DriverApi& api, CUresult result) {
    const std::string visible = environment("CUDA_VISIBLE_DEVICES");
    const bool is_hidden = std::getenv("CUDA_VISIBLE_DEVICES") != nullptr;
    switch (result) {
        case CUDA_ERROR_STUB_LIBRARY:
            return no_device(
                "libcuda.so.1 is the CUDA toolkit's stub library, not a driver: take its folder "
                "out of the library search path",
                result);
        case CUDA_ERROR_NO_DEVICE:
        case CUDA_ERROR_INVALID_DEVICE:
            if (is_hidden) {
                return no_device(
                    fmt::format("no GPU visible: CUDA_VISIBLE_DEVICES is '{}'{}", visible,
                                has_hidden_gpu() ? " and hides what there is" : ""),
                    result);
            }
            return no_device("no GPU: the driver is installed but finds no device", result);
        case CUDA_ERROR_SYSTEM_DRIVER_MISMATCH:
            return no_device(
                fmt::format("driver in error: libcuda.so.1 and the kernel module are of different "
                            "versions: {}",
                            api.describe(result)),
                result);
        default:
            return no_device(fmt::format("driver in error: cuInit: {}", api.describe(result)),
                             result);
    }
}

std::string version_text(std::int32_t driver_version) {
    return fmt::format("CUDA {}.{}", driver_version / 1000, driver_version % 1000 / 10);
}

template <std::size_t Size>
void set_text(char (&target)[Size], const std::string& text) {
    copy_text(target, text.c_str(), text.size());
}

}  // namespace

Result<void> CudaBackend::find_driver() {
    if (api_) return {};
    auto api = DriverApi::open();
    if (!api) return api.error();
    api_ = std::move(*api);
    log_.write(SKEP_LOG_DEBUG, "driver library found{}",
               api_->has_virtual_memory() ? "" : "; it lacks virtual memory: growth will copy");
    return {};
}

Result<void> CudaBackend::probe() {
    const std::lock_guard lock(mutex_);
    return find_driver();
}

Result<void> CudaBackend::find_devices() {
    if (driver_process_ != 0 && driver_process_ != getpid()) {
        return no_device(
            "this process was forked after the CUDA driver was initialised; start GPUs in the "
            "process that uses them");
    }
    if (const auto found = find_driver(); !found) return found.error();
    if (driver_process_ != 0) return {};

    int version = 0;
    if (const CUresult result = api_->driver_get_version(&version); result != CUDA_SUCCESS) {
        return reason_for(*api_, result);
    }
    if (version < kMinDriverVersion) {
        return no_device(fmt::format("CUDA driver too old: it speaks {}, {} is needed",
                                     version_text(version), version_text(kMinDriverVersion)));
    }
    const auto begin = std::chrono::steady_clock::now();
    if (const CUresult result = api_->init(0); result != CUDA_SUCCESS) {
        return reason_for(*api_, result);
    }
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    log_.write(SKEP_LOG_INFO, "driver for {} initialised in {:.1f} ms", version_text(version),
               took.count());
    int count = 0;
    if (const CUresult result = api_->device_get_count(&count); result != CUDA_SUCCESS) {
        return reason_for(*api_, result);
    }
    if (count == 0) return reason_for(*api_, CUDA_ERROR_NO_DEVICE);

    std::vector<DeviceFacts> devices;
    std::string too_old;
    for (std::int32_t ordinal = 0; ordinal < count; ++ordinal) {
        DeviceFacts facts = read_device_facts(*api_, ordinal, version);
        if (facts.compute_capability < kMinComputeCapability) {
            too_old = fmt::format("GPU too old: {} has compute capability {}.{}, {}.{} is needed",
                                  facts.name, facts.compute_capability / 10,
                                  facts.compute_capability % 10, kMinComputeCapability / 10,
                                  kMinComputeCapability % 10);
            log_.write(SKEP_LOG_INFO, "{}", too_old);
            continue;
        }
        devices.push_back(std::move(facts));
    }
    if (devices.empty()) return no_device(too_old);
    open_devices_.resize(devices.size());
    devices_ = std::move(devices);
    driver_process_ = getpid();
    return {};
}

Result<std::uint32_t> CudaBackend::device_count() {
    const std::lock_guard lock(mutex_);
    if (const auto found = find_devices(); !found) return found.error();
    return static_cast<std::uint32_t>(devices_.size());
}

Result<const DeviceFacts*> CudaBackend::facts_of(std::uint32_t ordinal, const char* operation) {
    if (const auto found = find_devices(); !found) return found.error();
    if (ordinal >= devices_.size()) {
        return no_device(fmt::format("{}: device {} asked, there {} {}", operation, ordinal,
                                     devices_.size() == 1 ? "is" : "are", devices_.size()));
    }
    return &devices_[ordinal];
}

Result<skep_device_info> CudaBackend::device_info(std::uint32_t ordinal) {
    const std::lock_guard lock(mutex_);
    const auto found = facts_of(ordinal, "device_info");
    if (!found) return found.error();
    const DeviceFacts& facts = **found;

    skep_device_info info{};
    info.struct_size = sizeof info;
    info.ordinal = static_cast<std::int32_t>(ordinal);
    info.memory_kind = SKEP_MEMORY_CUDA;
    info.memory_device_id = facts.cuda_ordinal;
    info.capabilities = SKEP_CAPABILITY_GRAPH | SKEP_CAPABILITY_GRAPH_TRANSFER |
                        SKEP_CAPABILITY_WARM_UP | SKEP_CAPABILITY_MEMORY_STATS |
                        SKEP_CAPABILITY_CONCURRENT_SEARCH;
    for (std::uint32_t& dtypes : info.supported_dtypes) {
        dtypes = (2U << SKEP_DTYPE_U8) - 1;  // every type up to u8, the last of a collection
    }
    info.max_dim = SKEP_MAX_DIM;
    info.max_k = SKEP_MAX_ROWS;  // above kMaxDeviceK the host selects
    info.max_batch = UINT64_MAX;
    info.total_memory_bytes = facts.total_bytes;
    info.num_compute_units = facts.num_multiprocessors;
    info.max_threads_per_block = facts.max_threads_per_block;
    info.max_shared_memory_per_block_bytes = facts.max_shared_bytes;
    set_text(info.id, fmt::format("cuda:{}", ordinal));
    set_text(info.backend, "cuda");
    set_text(info.name, facts.name);
    set_text(info.uuid, facts.uuid);
    set_text(info.pci_bus_id, facts.pci_bus_id);
    set_text(info.compute_capability,
             fmt::format("{}.{}", facts.compute_capability / 10, facts.compute_capability % 10));
    const std::string driver = installed_driver_version();
    set_text(info.driver_version, driver.empty() ? version_text(facts.driver_version) : driver);
    const std::shared_ptr<Device> device = open_devices_[ordinal].lock();
    if (device) {
        set_text(info.isa, device->modules().rung());
    } else if (const PtxRung* rung =
                   predicted_rung(facts.compute_capability, facts.driver_version)) {
        const std::string forced = environment("SKEP_CUDA_PTX");
        set_text(info.isa, forced.empty() ? rung->name : forced);
    }
    return info;
}

Result<CudaBackend::Memory> CudaBackend::memory(std::uint32_t ordinal) {
    const std::lock_guard lock(mutex_);
    const auto found = facts_of(ordinal, "device_memory");
    if (!found) return found.error();
    const DeviceFacts& facts = **found;
    if (!nvml_) nvml_ = Nvml::open();
    if (*nvml_) {
        if (const auto memory = (*nvml_)->memory(facts.pci_bus_id)) return *memory;
    }
    if (const std::shared_ptr<Device> device = open_devices_[ordinal].lock()) {
        const ScopedContext scope(*device->context(), "device_memory");
        return device->context()->memory();
    }
    return Memory{0, facts.total_bytes};
}

Result<std::shared_ptr<Device>> CudaBackend::open_device(std::uint32_t ordinal) {
    const std::lock_guard lock(mutex_);
    const auto found = facts_of(ordinal, "device_open");
    if (!found) return found.error();
    if (auto device = open_devices_[ordinal].lock(); device && device->context()->is_usable()) {
        return device;
    }
    auto device = std::make_shared<Device>(api_, **found, read_settings(), log_, workers_);
    open_devices_[ordinal] = device;
    return device;
}

}  // namespace skep::cuda
