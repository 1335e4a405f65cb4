// SPDX-License-Identifier: MIT
// How a device is asked for, whether one can do what is needed, and the record of what was chosen.
#pragma once

#include <skep/skep.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/runtime.hpp"
#include "skep/result.hpp"

namespace skep {

// "auto", "cuda" (its first device), "cuda:1".
struct DeviceName {
    bool is_auto = false;
    std::string backend;
    std::uint32_t ordinal = 0;
};

// SKEP_UNKNOWN_DEVICE for a text of another form.
Result<DeviceName> parse_device_name(std::string_view text);

// Whether a device can hold and search what is needed: SKEP_UNSUPPORTED_TYPE or SKEP_UNSUPPORTED,
// naming metric, dtype and device.
Result<void> check_need(const skep_device_info& device, const DeviceNeed& need);

// "l2 over u8, dim 128, flat".
std::string to_text(const DeviceNeed& need);

// A device or backend that was not taken.
struct PassedOver {
    std::string name;
    skep_status reason = SKEP_OK;  // SKEP_OK: it would have done, but another came first
    std::string message;
};

// One request for a device and its answer.
struct DeviceDecision {
    std::string request;
    std::optional<DeviceNeed> need;  // none: any device would do
    std::string taken;               // id of the device; empty: none
    skep_status status = SKEP_OK;
    std::string message;
    std::vector<PassedOver> passed_over;
};

}  // namespace skep
