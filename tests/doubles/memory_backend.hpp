// SPDX-License-Identifier: MIT
// A backend that is obviously right: rows one by one in host memory, every search a
// double-precision scan. It can be told to fail, counts what is alive, and notes every breach of
// the host's obligations.
#pragma once

#include <skep/backend.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bridge/device.hpp"

namespace skep::testing {

// What all memory backends of this process share. Reset at the start of each test.
class MemoryBackend {
  public:
    // Back to a healthy CPU-like device: every option offered, nothing to fail, nothing recorded.
    static void reset();

    // The n-th operation that can fail from now on (1 is the next) fails with `status`; 0 switches
    // that off.
    static void fail_call(std::uint64_t n, skep_status status = SKEP_DEVICE_FAILED);
    // The same, counting only operations of this name: "append", "mask_create", "reserve", ...
    static void fail_operation(const std::string& name, std::uint64_t n,
                               skep_status status = SKEP_DEVICE_FAILED);
    // Whether a failure asked for has happened.
    [[nodiscard]] static bool has_failed();

    // What device_info answers from now on.
    static skep_device_info& info();

    // Names of operations that were called, in order. Kept only while recording is on.
    static void record_calls(bool is_on);
    [[nodiscard]] static std::vector<std::string> calls();

    // Backends, devices, stores and masks that were made and not destroyed.
    [[nodiscard]] static std::int64_t num_live_objects();
    // Breaches of the host's obligations, in words.
    [[nodiscard]] static std::vector<std::string> violations();

    [[nodiscard]] static const skep_backend_operations& operations();
    // A device to make collections on.
    [[nodiscard]] static std::shared_ptr<Device> open_device();
};

}  // namespace skep::testing
