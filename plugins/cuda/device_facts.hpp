// SPDX-License-Identifier: MIT
// What is known of a GPU before it is opened.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "driver/driver_api.hpp"
#include "driver/nvml.hpp"

namespace skep::cuda {

struct DeviceFacts {
    CUdevice handle = 0;
    std::int32_t cuda_ordinal = 0;  // as CUDA_VISIBLE_DEVICES leaves it
    std::string name;
    std::string uuid;
    std::string pci_bus_id;
    std::int32_t compute_capability = 0;  // 90 for 9.0
    std::int32_t driver_version = 0;      // as cuDriverGetVersion: 13000
    std::uint32_t num_multiprocessors = 0;
    std::uint32_t max_threads_per_block = 0;
    std::uint64_t max_shared_bytes = 0;
    std::uint64_t total_bytes = 0;
    bool has_virtual_memory = false;
};

// Oldest device and driver that run the last rung of the ladder: sm_70, CUDA 10.1.
inline constexpr std::int32_t kMinComputeCapability = 70;
inline constexpr std::int32_t kMinDriverVersion = 10010;

// Reads one device; throws Error. The driver is initialised.
DeviceFacts read_device_facts(const DriverApi& api, std::int32_t ordinal,
                              std::int32_t driver_version);

}  // namespace skep::cuda
