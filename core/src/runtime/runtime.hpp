// SPDX-License-Identifier: MIT
// What a skep_runtime handle stands for: options, log, worker threads, the backend registry and the
// choice of device.
#pragma once

#include <skep/skep.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "bridge/device.hpp"
#include "skep/result.hpp"

namespace skep {

// What a collection asks of a device; `auto` skips devices that cannot do it, a named device fails
// by it.
struct DeviceNeed {
    skep_metric metric = SKEP_METRIC_L2;
    skep_dtype dtype = SKEP_DTYPE_F32;
    std::uint32_t dim = 0;
    skep_index_kind index = SKEP_INDEX_FLAT;
};

class Runtime : public std::enable_shared_from_this<Runtime> {
  public:
    static Result<std::shared_ptr<Runtime>> create(const skep_runtime_options* options);
    ~Runtime();
    Runtime(const Runtime&) = delete;
    Runtime& operator=(const Runtime&) = delete;

    // Opens (once, then shares) the device of a name: "auto", "cpu", "cuda", "cuda:1". Keeps the
    // Runtime alive.
    Result<std::shared_ptr<Device>> open_device(std::string_view name, const DeviceNeed& need);

    // Log, allocation and parallel work, as lent to backends; also what the core itself uses.
    [[nodiscard]] const skep_host_services& services() const;

    class Impl;
    [[nodiscard]] Impl& impl() { return *impl_; }

  private:
    explicit Runtime(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace skep

// The C handle.
struct skep_runtime {
    std::shared_ptr<skep::Runtime> runtime;
};
