// SPDX-License-Identifier: MIT
#include "cpu_features.hpp"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <thread>

namespace skep::cpu {
namespace {

CpuFeatures detect() {
    CpuFeatures features;
#if defined(__x86_64__)
    // The builtins also check that the operating system saves the wide registers.
    __builtin_cpu_init();
    features.has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                        __builtin_cpu_supports("f16c");
    features.has_avx512 = features.has_avx2 && __builtin_cpu_supports("avx512f") &&
                          __builtin_cpu_supports("avx512bw") &&
                          __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    features.has_avx512_vnni = features.has_avx512 && __builtin_cpu_supports("avx512vnni");
#endif
    return features;
}

}  // namespace

const CpuFeatures& cpu_features() {
    static const CpuFeatures features = detect();
    return features;
}

std::string cpu_name() {
    std::ifstream info("/proc/cpuinfo");
    for (std::string line; std::getline(info, line);) {
        if (line.rfind("model name", 0) != 0) continue;
        const std::size_t colon = line.find(':');
        if (colon == std::string::npos) continue;
        const std::size_t start = line.find_first_not_of(" \t", colon + 1);
        if (start != std::string::npos) return line.substr(start);
    }
#if defined(__x86_64__)
    return "x86-64 processor";
#elif defined(__aarch64__)
    return "AArch64 processor";
#else
    return "processor";
#endif
}

std::uint32_t num_hardware_threads() {
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0)
        return static_cast<std::uint32_t>(std::max(1, CPU_COUNT(&allowed)));
    return std::max(1U, std::thread::hardware_concurrency());
}

SystemMemory system_memory() {
    SystemMemory memory;
    std::ifstream info("/proc/meminfo");
    std::string field;
    std::uint64_t kibibytes = 0;
    for (std::string unit; info >> field >> kibibytes;) {
        if (field == "MemTotal:") memory.total_bytes = kibibytes * 1024;
        if (field == "MemAvailable:") memory.free_bytes = kibibytes * 1024;
        if (memory.total_bytes != 0 && memory.free_bytes != 0) break;
        std::getline(info, unit);
    }
    return memory;
}

}  // namespace skep::cpu
