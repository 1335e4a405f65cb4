// SPDX-License-Identifier: MIT
#include "runtime/device_choice.hpp"

#include <charconv>
#include <cstdint>

namespace skep {
namespace {

std::string name_or_number(const char* name, std::int32_t number) {
    return name != nullptr ? name : std::to_string(number);
}

}  // namespace

Result<DeviceName> parse_device_name(std::string_view text) {
    if (text == "auto") return DeviceName{true, "", 0};
    const std::size_t colon = text.find(':');
    DeviceName name{false, std::string(text.substr(0, colon)), 0};
    bool is_good = !name.backend.empty() && name.backend != "auto";
    if (is_good && colon != std::string_view::npos) {
        const std::string_view digits = text.substr(colon + 1);
        const char* const end = digits.data() + digits.size();
        const auto [stop, failure] = std::from_chars(digits.data(), end, name.ordinal);
        is_good = !digits.empty() && stop == end && failure == std::errc();
    }
    if (is_good) return name;
    return Error(SKEP_UNKNOWN_DEVICE,
                 "device '" + std::string(text) +
                     "': not a device name; expected auto, a backend, or a backend, a colon and a "
                     "number",
                 SKEP_LAYER_CLIENT);
}

std::string to_text(const DeviceNeed& need) {
    return name_or_number(skep_metric_name(need.metric), need.metric) + " over " +
           name_or_number(skep_dtype_name(need.dtype), need.dtype) + ", dim " +
           std::to_string(need.dim) + ", " +
           name_or_number(skep_index_kind_name(need.index), need.index);
}

Result<void> check_need(const skep_device_info& device, const DeviceNeed& need) {
    const std::string who = "device '" + std::string(device.id) + "'";
    const bool is_metric_known = need.metric >= 0 && need.metric < SKEP_NUM_METRICS;
    const bool is_dtype_known = need.dtype >= 0 && need.dtype < 32;
    if (!is_metric_known || !is_dtype_known ||
        (device.supported_dtypes[need.metric] >> need.dtype & 1U) == 0) {
        return Error(SKEP_UNSUPPORTED_TYPE,
                     who + ": does not offer " + to_text(need) + ": metric " +
                         name_or_number(skep_metric_name(need.metric), need.metric) +
                         " with element type " +
                         name_or_number(skep_dtype_name(need.dtype), need.dtype));
    }
    if (need.dim > device.max_dim) {
        return Error(SKEP_UNSUPPORTED, who + ": does not offer " + to_text(need) + ": dim " +
                                           std::to_string(need.dim) + " exceeds its largest, " +
                                           std::to_string(device.max_dim));
    }
    if (need.index == SKEP_INDEX_FLAT) return {};
    if (need.index == SKEP_INDEX_HNSW && (device.capabilities & SKEP_CAPABILITY_GRAPH) != 0) {
        return {};
    }
    return Error(SKEP_UNSUPPORTED,
                 who + ": does not offer " + to_text(need) + ": no index of kind " +
                     name_or_number(skep_index_kind_name(need.index), need.index));
}

}  // namespace skep
