// SPDX-License-Identifier: MIT
// What this processor can run, and what it is called.
#pragma once

#include <cstdint>
#include <string>

namespace skep::cpu {

// Instruction sets that kernels need, as the processor has them and the operating system saves
// their registers.
struct CpuFeatures {
    bool has_avx2 = false;    // with FMA and F16C
    bool has_avx512 = false;  // F, BW, DQ, VL
    bool has_avx512_vnni = false;
};

// Read once.
[[nodiscard]] const CpuFeatures& cpu_features();

// The product name from /proc/cpuinfo; the architecture when that says nothing.
[[nodiscard]] std::string cpu_name();

// Hardware threads that this process may use; at least 1.
[[nodiscard]] std::uint32_t num_hardware_threads();

struct SystemMemory {
    std::uint64_t free_bytes = 0;  // could be had without swapping
    std::uint64_t total_bytes = 0;
};

// A reading of this moment; zeros when the system does not tell.
[[nodiscard]] SystemMemory system_memory();

}  // namespace skep::cpu
