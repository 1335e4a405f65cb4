// SPDX-License-Identifier: MIT
// The backend object: finds the driver, lists devices on request, opens them.
#pragma once

#include <skep/backend.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "device.hpp"
#include "host_log.hpp"
#include "host_workers.hpp"

namespace skep::cuda {

class CudaBackend {
  public:
    using Memory = Context::Memory;

    // Does nothing yet. `host` outlives the backend.
    explicit CudaBackend(const skep_host_services& host) : log_(host), workers_(host) {}

    // Whether a driver library is there; does not initialise it.
    Result<void> probe();
    // Initialises the driver at the first call. Every way of having no GPU has its own reason.
    Result<std::uint32_t> device_count();
    // Free memory is left 0: see memory().
    Result<skep_device_info> device_info(std::uint32_t ordinal);
    // As nvidia-smi counts it, whether the device is open or not. Loads the management library at
    // the first call; where there is none, an open device tells, and free bytes are 0 without one.
    Result<Memory> memory(std::uint32_t ordinal);
    // The same object for every opening of one device while one is open. Throws.
    Result<std::shared_ptr<Device>> open_device(std::uint32_t ordinal);

  private:
    Result<void> find_driver();
    Result<void> find_devices();
    Result<const DeviceFacts*> facts_of(std::uint32_t ordinal, const char* operation);

    HostLog log_;
    HostWorkers workers_;
    std::mutex mutex_;
    std::shared_ptr<const DriverApi> api_;
    std::optional<std::shared_ptr<const Nvml>> nvml_;  // empty: not looked for yet
    pid_t driver_process_ = 0;                         // that initialised the driver; 0: none yet
    std::vector<DeviceFacts> devices_;
    std::vector<std::weak_ptr<Device>> open_devices_;
};

}  // namespace skep::cuda
