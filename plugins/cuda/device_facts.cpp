// SPDX-License-Identifier: MIT
#include "device_facts.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdint>

namespace skep::cuda {
namespace {

void check(const DriverApi& api, CUresult result, const char* operation, std::int32_t ordinal) {
    if (result == CUDA_SUCCESS) return;
    throw Error(SKEP_DEVICE_FAILED,
                fmt::format("{} of device {}: {}", operation, ordinal, api.describe(result)),
                SKEP_LAYER_DRIVER, result);
}

std::string text_of(const CUuuid& uuid) {
    std::string text = "GPU-";
    for (std::size_t i = 0; i < sizeof uuid.bytes; ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
        text += fmt::format("{:02x}", uuid.bytes[i]);
    }
    return text;
}

}  // namespace

DeviceFacts read_device_facts(const DriverApi& api, std::int32_t ordinal,
                              std::int32_t driver_version) {
    DeviceFacts facts;
    facts.cuda_ordinal = ordinal;
    facts.driver_version = driver_version;
    check(api, api.device_get(&facts.handle, ordinal), "cuDeviceGet", ordinal);
    const auto attribute = [&](int which) {
        int value = 0;
        check(api, api.device_get_attribute(&value, which, facts.handle), "cuDeviceGetAttribute",
              ordinal);
        return value;
    };

    std::array<char, 128> text{};
    check(api, api.device_get_name(text.data(), static_cast<int>(text.size() - 1), facts.handle),
          "cuDeviceGetName", ordinal);
    facts.name = text.data();
    text.fill('\0');
    check(api,
          api.device_get_pci_bus_id(text.data(), static_cast<int>(text.size() - 1), facts.handle),
          "cuDeviceGetPCIBusId", ordinal);
    facts.pci_bus_id = text.data();
    for (char& letter : facts.pci_bus_id) {
        if (letter >= 'A' && letter <= 'F') letter = static_cast<char>(letter - 'A' + 'a');
    }
    if (CUuuid uuid{}; api.device_get_uuid != nullptr &&
                       api.device_get_uuid(&uuid, facts.handle) == CUDA_SUCCESS) {
        facts.uuid = text_of(uuid);
    }
    std::size_t total_bytes = 0;
    check(api, api.device_total_mem(&total_bytes, facts.handle), "cuDeviceTotalMem", ordinal);
    facts.total_bytes = total_bytes;
    facts.compute_capability = attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR) * 10 +
                               attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
    facts.num_multiprocessors =
        static_cast<std::uint32_t>(attribute(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT));
    facts.max_threads_per_block =
        static_cast<std::uint32_t>(attribute(CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK));
    facts.max_shared_bytes = static_cast<std::uint64_t>(
        attribute(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN));
    // Drivers before 10.2 do not know the attribute; they lack the functions, too.
    int has_virtual_memory = 0;
    facts.has_virtual_memory =
        api.has_virtual_memory() &&
        api.device_get_attribute(&has_virtual_memory,
                                 CU_DEVICE_ATTRIBUTE_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED,
                                 facts.handle) == CUDA_SUCCESS &&
        has_virtual_memory != 0;
    return facts;
}

}  // namespace skep::cuda
