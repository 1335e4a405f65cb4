// SPDX-License-Identifier: MIT
// The inside of a Runtime: everything that its reports show.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugin/backend_registry.hpp"
#include "runtime/device_choice.hpp"
#include "runtime/host.hpp"
#include "runtime/runtime.hpp"

namespace skep {

// What was asked of Runtime::create, checked and copied.
struct RuntimeSettings {
    std::uint32_t flags = 0;
    std::uint32_t num_threads = 0;
    std::int32_t log_level = SKEP_LOG_OFF;
    std::vector<std::string> backend_paths;
    skep_log_fn log = nullptr;
    LoadPolicy policy;
    bool is_elevated = false;  // this process has more rights than its user
};

class Runtime::Impl {
  public:
    // A device of a loaded backend.
    struct Listed {
        std::size_t candidate = 0;
        skep_device_info info{};
    };

    explicit Impl(const RuntimeSettings& settings);

    // Devices of all usable backends, best first; loads what was not loaded so far.
    Result<std::vector<Listed>> list_devices();

    // Its facts as they are now: free memory is read anew.
    Result<skep_device_info> read_info(const Listed& device) const;

    // The device of a name; with `need`, one that can do it. What was decided is recorded.
    Result<skep_device_info> find_device(std::string_view name);
    Result<std::shared_ptr<Device>> open_device(std::string_view name, const DeviceNeed& need);

    // The requests of "auto", and those that failed, oldest first; at most kMaxDecisions.
    [[nodiscard]] std::vector<DeviceDecision> decisions() const;
    [[nodiscard]] std::uint64_t num_decisions_dropped() const;
    static constexpr std::size_t kMaxDecisions = 64;

    [[nodiscard]] const RuntimeSettings& settings() const { return settings_; }
    [[nodiscard]] const Environment& environment() const { return environment_; }
    [[nodiscard]] Host& host() { return *host_; }
    [[nodiscard]] BackendRegistry& registry() { return *registry_; }

  private:
    // In all of these `need` may be null: any device will do; and `opened` may be null: the device
    // is not to be opened.
    Result<Listed> choose(std::string_view name, const DeviceNeed* need,
                          std::shared_ptr<Device>* opened, DeviceDecision& decision);
    Result<Listed> choose_best(const DeviceNeed* need, std::shared_ptr<Device>* opened,
                               DeviceDecision& decision);
    Result<Listed> choose_named(const DeviceName& name, std::string_view text,
                                const DeviceNeed* need, std::shared_ptr<Device>* opened);
    Result<std::shared_ptr<Device>> open(const Listed& device);
    void record(DeviceDecision decision);

    const RuntimeSettings settings_;
    const Environment environment_;
    std::shared_ptr<Host> host_;
    std::unique_ptr<BackendRegistry> registry_;

    std::mutex opened_mutex_;
    // By candidate and ordinal; kept open, since opening again may cost a driver's start.
    std::map<std::pair<std::size_t, std::int32_t>, std::shared_ptr<Device>> opened_;

    mutable std::mutex decisions_mutex_;
    std::deque<DeviceDecision> decisions_;
    std::uint64_t num_decisions_dropped_ = 0;
};

}  // namespace skep
