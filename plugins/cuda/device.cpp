// SPDX-License-Identifier: MIT
#include "device.hpp"

#include <chrono>
#include <utility>

#include "index/flat_kernels.hpp"

namespace skep::cuda {

Device::Device(std::shared_ptr<const DriverApi> api, DeviceFacts facts,
               const std::string& forced_rung, HostLog log, HostWorkers workers)
    : facts_(std::move(facts)), workers_(workers) {
    const auto begin = std::chrono::steady_clock::now();
    context_ = std::make_shared<const Context>(std::move(api), facts_.handle, log);
    const auto has_context = std::chrono::steady_clock::now();
    const ScopedContext scope(*context_, "device_open");
    modules_ = std::make_unique<ModuleCache>(context_, facts_.compute_capability,
                                             facts_.driver_version, forced_rung);
    lanes_ = std::make_unique<LanePool>(context_);
    // The smallest module settles the rung; the others follow when first used.
    modules_->function(kernels::kGatherRows, kernels::kGatherRows);
    const auto end = std::chrono::steady_clock::now();
    using Milliseconds = std::chrono::duration<double, std::milli>;
    log.write(SKEP_LOG_INFO, "{} open: context {:.1f} ms, first kernels {:.1f} ms, PTX for {}",
              facts_.name, Milliseconds(has_context - begin).count(),
              Milliseconds(end - has_context).count(), modules_->rung());
}

}  // namespace skep::cuda
