// SPDX-License-Identifier: MIT
// skep devices: what there is to search on, best first.
#include <fmt/format.h>
#include <skep/skep.hpp>

#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "command.hpp"
#include "support/json_text.hpp"
#include "support/options.hpp"
#include "support/table.hpp"

namespace skep::cli {
namespace {

namespace json = boost::json;

constexpr std::array kCapabilityNames{
    std::pair{SKEP_CAPABILITY_RANGE_SEARCH, "range_search"},
    std::pair{SKEP_CAPABILITY_GRAPH, "graph"},
    std::pair{SKEP_CAPABILITY_GRAPH_TRANSFER, "graph_transfer"},
    std::pair{SKEP_CAPABILITY_DEVICE_MATRICES, "device_matrices"},
    std::pair{SKEP_CAPABILITY_ADOPT_ROWS, "adopt_rows"},
    std::pair{SKEP_CAPABILITY_WARM_UP, "warm_up"},
    std::pair{SKEP_CAPABILITY_MEMORY_STATS, "memory_stats"},
    std::pair{SKEP_CAPABILITY_CONCURRENT_SEARCH, "concurrent_search"}};

json::array capabilities(const DeviceInfo& device) {
    json::array names;
    for (const auto& [bit, name] : kCapabilityNames) {
        if ((device.capabilities & static_cast<std::uint64_t>(bit)) != 0) names.emplace_back(name);
    }
    return names;
}

json::array dtypes(const DeviceInfo& device, skep_metric metric) {
    json::array names;
    for (skep_dtype dtype = 0; skep_dtype_name(dtype) != nullptr; ++dtype) {
        if (device.supports(metric, dtype)) names.emplace_back(skep_dtype_name(dtype));
    }
    return names;
}

// {"l2": ["f32", "u8"], ...}
json::object supported(const DeviceInfo& device) {
    json::object by_metric;
    for (skep_metric metric = 0; metric < SKEP_NUM_METRICS; ++metric) {
        by_metric[skep_metric_name(metric)] = dtypes(device, metric);
    }
    return by_metric;
}

// null where the device has no limit of its own.
json::value limit(std::uint64_t value) {
    if (value == std::numeric_limits<std::uint64_t>::max()) return nullptr;
    return value;
}

json::object to_json(const DeviceInfo& device) {
    return {{"id", device.id},
            {"backend", device.backend},
            {"name", device.name},
            {"isa", device.isa},
            {"ordinal", device.ordinal},
            {"total_memory_bytes", device.total_memory_bytes},
            {"free_memory_bytes", device.free_memory_bytes},
            {"num_compute_units", device.num_compute_units},
            {"max_threads_per_block", device.max_threads_per_block},
            {"max_shared_memory_per_block_bytes", device.max_shared_memory_per_block_bytes},
            {"max_dim", device.max_dim},
            {"max_k", limit(device.max_k)},
            {"max_batch", limit(device.max_batch)},
            {"uuid", device.uuid},
            {"pci_bus_id", device.pci_bus_id},
            {"driver_version", device.driver_version},
            {"compute_capability", device.compute_capability},
            {"capabilities", capabilities(device)},
            {"supported", supported(device)}};
}

std::string as_json(const std::vector<DeviceInfo>& devices) {
    json::array list;
    for (const DeviceInfo& device : devices)
        list.push_back(to_json(device));
    return json_text(json::object{{"devices", std::move(list)}});
}

std::string as_table(const std::vector<DeviceInfo>& devices) {
    Table table({{"ID"},
                 {"NAME"},
                 {"ISA"},
                 {"UNITS", Align::kRight},
                 {"FREE", Align::kRight},
                 {"MEMORY", Align::kRight},
                 {"DRIVER"}});
    for (const DeviceInfo& device : devices) {
        const std::string driver = device.driver_version;
        table.add_row({device.id, device.name, device.isa, std::to_string(device.num_compute_units),
                       bytes_text(device.free_memory_bytes), bytes_text(device.total_memory_bytes),
                       driver.empty() ? "-" : driver});
    }
    return table.text();
}

std::string run(bool is_json) {
    const std::vector<DeviceInfo> devices = Runtime::create().value().devices().value();
    return is_json ? as_json(devices) : as_table(devices);
}

}  // namespace

Command add_devices_command(CLI::App& program) {
    auto is_json = std::make_shared<bool>(false);
    CLI::App* arguments = add_subcommand(program, "devices", "List the devices there are");
    add_json_flag(*arguments, *is_json);
    return {arguments, [is_json](Interrupt&) { return run(*is_json); }};
}

}  // namespace skep::cli
