// SPDX-License-Identifier: MIT
#include "driver/nvml.hpp"

#include <dlfcn.h>

#include <cstring>

namespace skep::cuda {
namespace {

template <typename Function>
bool resolve(void* library, const char* symbol, Function& function) {
    void* address = dlsym(library, symbol);
    std::memcpy(&function, &address, sizeof function);
    return address != nullptr;
}

}  // namespace

std::shared_ptr<const Nvml> Nvml::open() {
    void* library = dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) return nullptr;
    std::shared_ptr<Nvml> nvml(new Nvml);
    const bool is_complete =
        resolve(library, "nvmlInit_v2", nvml->init_) &&
        resolve(library, "nvmlShutdown", nvml->shutdown_) &&
        resolve(library, "nvmlDeviceGetHandleByPciBusId_v2", nvml->handle_by_pci_) &&
        resolve(library, "nvmlDeviceGetMemoryInfo", nvml->memory_info_);
    if (!is_complete || nvml->init_() != 0) {
        nvml->shutdown_ = nullptr;
        return nullptr;
    }
    return nvml;
}

Nvml::~Nvml() {
    if (shutdown_ != nullptr) shutdown_();
}

std::optional<Context::Memory> Nvml::memory(const std::string& pci_bus_id) const {
    nvmlDevice_t device = nullptr;
    nvmlMemory_t memory{};
    if (handle_by_pci_(pci_bus_id.c_str(), &device) != 0) return std::nullopt;
    if (memory_info_(device, &memory) != 0) return std::nullopt;
    return Context::Memory{memory.free, memory.total};
}

}  // namespace skep::cuda
