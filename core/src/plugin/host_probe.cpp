// SPDX-License-Identifier: MIT
#include "plugin/host_probe.hpp"

#include "plugin/cpu_features.hpp"
#include "plugin/system_library.hpp"

namespace skep {
namespace {

class ThisMachine final : public HostProbe {
  public:
    std::optional<bool> has_cpu_feature(const std::string& name) const override {
        return has_processor_feature(name);
    }
    Result<void> find_driver_library(const std::string& soname) const override {
        return find_system_library(soname);
    }
};

}  // namespace

const HostProbe& this_machine() {
    static const ThisMachine machine;
    return machine;
}

}  // namespace skep
