// SPDX-License-Identifier: MIT
// An opened GPU: its context, loaded kernels and lanes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "device_facts.hpp"
#include "driver/context.hpp"
#include "host_workers.hpp"
#include "jit/module_cache.hpp"
#include "kernels/plain_params.h"
#include "lane.hpp"

namespace skep::cuda {

// What the environment may set, for tests and for finding faults.
struct DeviceSettings {
    // SKEP_CUDA_PTX: the rung of the PTX ladder to take; empty for the best that loads.
    std::string forced_rung;
    // SKEP_CUDA_PLAIN_SLOTS: the largest store that is searched without a filter.
    std::uint64_t max_plain_slots = kMaxPlainSlots;
    // SKEP_CUDA_WALKS: whether graphs are walked where an exact search may be cheaper, or not at
    // all.
    enum class Walks : std::uint8_t { kWhereCheaper, kAlways, kNever };
    Walks walks = Walks::kWhereCheaper;
};

class Device {
  public:
    // Retains the context; kernels are loaded when first used. Throws.
    Device(std::shared_ptr<const DriverApi> api, DeviceFacts facts, DeviceSettings settings,
           HostLog log, HostWorkers workers);

    [[nodiscard]] const DeviceFacts& facts() const { return facts_; }
    [[nodiscard]] const DeviceSettings& settings() const { return settings_; }
    [[nodiscard]] const std::shared_ptr<const Context>& context() const { return context_; }
    [[nodiscard]] ModuleCache& modules() { return *modules_; }
    [[nodiscard]] const HostWorkers& workers() const { return workers_; }
    [[nodiscard]] LanePool& lanes() { return *lanes_; }

  private:
    DeviceFacts facts_;
    DeviceSettings settings_;
    HostWorkers workers_;
    std::shared_ptr<const Context> context_;
    std::unique_ptr<ModuleCache> modules_;
    std::unique_ptr<LanePool> lanes_;
};

}  // namespace skep::cuda
