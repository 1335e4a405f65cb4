// SPDX-License-Identifier: MIT
// An opened GPU: its context, loaded kernels and lanes.
#pragma once

#include <memory>

#include "device_facts.hpp"
#include "driver/context.hpp"
#include "host_workers.hpp"
#include "jit/module_cache.hpp"
#include "lane.hpp"

namespace skep::cuda {

class Device {
  public:
    // Retains the context and loads the first kernels; throws.
    Device(std::shared_ptr<const DriverApi> api, DeviceFacts facts, const std::string& forced_rung,
           HostLog log, HostWorkers workers);

    [[nodiscard]] const DeviceFacts& facts() const { return facts_; }
    [[nodiscard]] const std::shared_ptr<const Context>& context() const { return context_; }
    [[nodiscard]] ModuleCache& modules() { return *modules_; }
    [[nodiscard]] const HostWorkers& workers() const { return workers_; }
    [[nodiscard]] LanePool& lanes() { return *lanes_; }

  private:
    DeviceFacts facts_;
    HostWorkers workers_;
    std::shared_ptr<const Context> context_;
    std::unique_ptr<ModuleCache> modules_;
    std::unique_ptr<LanePool> lanes_;
};

}  // namespace skep::cuda
