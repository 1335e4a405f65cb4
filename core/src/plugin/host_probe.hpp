// SPDX-License-Identifier: MIT
// What a manifest may require of the machine, asked without running any backend. A test may answer
// instead.
#pragma once

#include <optional>
#include <string>

#include "skep/result.hpp"

namespace skep {

class HostProbe {
  public:
    HostProbe() = default;
    virtual ~HostProbe() = default;
    HostProbe(const HostProbe&) = delete;
    HostProbe& operator=(const HostProbe&) = delete;

    // Nothing for a name that this build does not know.
    [[nodiscard]] virtual std::optional<bool> has_cpu_feature(const std::string& name) const = 0;

    // Whether the dynamic linker finds a driver library. Opens and closes it, which initialises no
    // driver; still only asked when a backend is about to be loaded, never for a list.
    [[nodiscard]] virtual Result<void> find_driver_library(const std::string& soname) const = 0;
};

// This machine.
const HostProbe& this_machine();

}  // namespace skep
