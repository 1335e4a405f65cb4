// SPDX-License-Identifier: MIT
#include "device.hpp"

#include <chrono>
#include <utility>

namespace skep::cuda {

Device::Device(std::shared_ptr<const DriverApi> api, DeviceFacts facts, DeviceSettings settings,
               HostLog log, HostWorkers workers)
    : facts_(std::move(facts)), settings_(std::move(settings)), workers_(workers) {
    const auto begin = std::chrono::steady_clock::now();
    context_ = std::make_shared<const Context>(std::move(api), facts_.handle, log);
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    modules_ = std::make_unique<ModuleCache>(context_, facts_.compute_capability,
                                             facts_.driver_version, settings_.forced_rung);
    lanes_ = std::make_unique<LanePool>(context_);
    log.write(SKEP_LOG_INFO, "{} open: context {:.1f} ms, PTX for {}", facts_.name, took.count(),
              modules_->rung());
}

}  // namespace skep::cuda
