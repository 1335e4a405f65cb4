// SPDX-License-Identifier: MIT
// A libcuda.so.1 of our own: how tests set it up and what it saw. Link nothing: open the library
// and ask for fake_cuda_control.
#pragma once

#include <atomic>
#include <cstdint>

struct FakeCuda {
    // What the driver and its device claim to be.
    std::atomic<int> driver_version{13000};
    std::atomic<int> num_devices{1};
    std::atomic<int> compute_capability{90};
    std::atomic<int> init_result{0};
    std::atomic<int> max_ptx_version{90};  // 64, 70, 80: newer texts are refused
    std::atomic<int> has_virtual_memory{1};
    std::atomic<std::uint64_t> total_bytes{1ULL << 30};
    std::atomic<std::uint64_t> pinned_limit{1ULL << 30};
    std::atomic<std::uint64_t> num_multiprocessors{2};

    // Faults. Calls are counted from 1; the one of this number fails with fail_result, 0: none.
    std::atomic<std::uint64_t> fail_call{0};
    std::atomic<int> fail_result{999};
    // From this call on every call fails with lost_result, 0: never.
    std::atomic<std::uint64_t> lost_from_call{0};
    std::atomic<int> lost_result{719};
    std::atomic<int> is_shut_down{0};
    std::atomic<int> refuses_launches{0};

    // Books.
    std::atomic<std::uint64_t> num_calls{0};
    std::atomic<std::uint64_t> num_init_calls{0};
    std::atomic<std::uint64_t> calls_after_shutdown{0};  // beyond the one that was told
    std::atomic<std::uint64_t> misuses{0};  // unknown pointers, double frees, no current context
    std::atomic<std::uint64_t> device_bytes{0};
    std::atomic<std::uint64_t> peak_device_bytes{0};
    std::atomic<std::uint64_t> pinned_bytes{0};
    std::atomic<std::uint64_t> num_allocations{0};  // ever made, pinned ones included
    std::atomic<std::int64_t> num_live_objects{0};  // allocations, ranges, streams, events, modules
    std::atomic<std::int64_t> num_retained{0};
    std::atomic<std::uint64_t> num_launches{0};
    std::atomic<std::uint64_t> num_copies_on_device{0};
    std::atomic<int> loaded_ptx_version{0};
};

using FakeCudaControl = FakeCuda* (*)();
// Everything back to the beginning; live objects are forgotten, not freed.
using FakeCudaReset = void (*)();
