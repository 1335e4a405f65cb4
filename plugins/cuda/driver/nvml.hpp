// SPDX-License-Identifier: MIT
// The driver's management library, found at run time when present: what nvidia-smi prints, without
// a context on the device.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "driver/context.hpp"
#include "driver/driver_types.h"

namespace skep::cuda {

class Nvml {
  public:
    // Null when the library is absent or refuses; nothing depends on it. Looks at every GPU
    // already, some milliseconds each.
    static std::shared_ptr<const Nvml> open();
    ~Nvml();
    Nvml(const Nvml&) = delete;
    Nvml& operator=(const Nvml&) = delete;

    [[nodiscard]] std::optional<Context::Memory> memory(const std::string& pci_bus_id) const;

  private:
    Nvml() = default;

    nvmlReturn_t (*init_)() = nullptr;
    nvmlReturn_t (*shutdown_)() = nullptr;
    nvmlReturn_t (*handle_by_pci_)(const char* pci_bus_id, nvmlDevice_t* device) = nullptr;
    nvmlReturn_t (*memory_info_)(nvmlDevice_t device, nvmlMemory_t* memory) = nullptr;
};

}  // namespace skep::cuda
