// SPDX-License-Identifier: MIT
#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

#include "runtime/process_environment.hpp"

namespace skep {
namespace {

std::uint32_t num_processors_by_affinity() {
    // A fixed cpu_set_t stops at 1024 processors; larger machines need a larger set.
    for (std::size_t capacity = CPU_SETSIZE; capacity <= 1U << 20U; capacity *= 2) {
        std::vector<char> bits(CPU_ALLOC_SIZE(capacity));
        auto* set = reinterpret_cast<cpu_set_t*>(bits.data());
        if (sched_getaffinity(0, bits.size(), set) == 0) {
            return static_cast<std::uint32_t>(std::max(1, CPU_COUNT_S(bits.size(), set)));
        }
        if (errno != EINVAL) break;
    }
    return std::max(1U, std::thread::hardware_concurrency());
}

std::string read_small_file(const std::string& path) {
    std::ifstream file(path);
    std::string text;
    std::getline(file, text);
    return text;
}

// This process's control group, "/a/b"; "/" when there is none of version 2.
std::string control_group() {
    std::ifstream file("/proc/self/cgroup");
    for (std::string line; std::getline(file, line);) {
        if (line.rfind("0::", 0) == 0) return line.substr(3);
    }
    return "/";
}

std::optional<std::uint32_t> num_processors_by_quota() {
    constexpr const char* kRoot = "/sys/fs/cgroup";
    std::optional<std::uint32_t> lowest;
    const auto note = [&lowest](std::optional<std::uint32_t> quota) {
        if (quota) lowest = lowest ? std::min(*lowest, *quota) : *quota;
    };
    // A limit of any ancestor holds.
    std::filesystem::path group = control_group();
    while (true) {
        note(processors_in_quota(read_small_file(kRoot + group.string() + "/cpu.max")));
        if (group == group.parent_path()) break;
        group = group.parent_path();
    }
    // Version 1 keeps quota and period in two files; -1 is no limit.
    const std::string quota = read_small_file(std::string(kRoot) + "/cpu/cpu.cfs_quota_us");
    if (!quota.empty() && quota[0] != '-') {
        note(processors_in_quota(quota + " " +
                                 read_small_file(std::string(kRoot) + "/cpu/cpu.cfs_period_us")));
    }
    return lowest;
}

// The file that is mapped at `address`; dladdr may tell a relative name, the kernel never does.
std::string mapped_file_at(const void* address) {
    const auto wanted = reinterpret_cast<std::uintptr_t>(address);
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);) {
        std::istringstream fields(line);
        std::uintptr_t begin = 0;
        std::uintptr_t end = 0;
        char dash = 0;
        fields >> std::hex >> begin >> dash >> end;
        if (wanted < begin || wanted >= end) continue;
        const std::size_t slash = line.find('/');
        return slash == std::string::npos ? "" : line.substr(slash);
    }
    return "";
}

}  // namespace

bool has_elevated_privileges() {
    return getauxval(AT_SECURE) != 0 || geteuid() != getuid() || getegid() != getgid();
}

std::optional<std::string> Environment::variable(const char* name) const {
    if (is_ignored()) return std::nullopt;
    const char* value = std::getenv(name);
    if (value == nullptr) return std::nullopt;
    return value;
}

std::optional<std::uint32_t> processors_in_quota(std::string_view cpu_max) {
    const std::size_t space = cpu_max.find(' ');
    if (space == std::string_view::npos) return std::nullopt;
    std::uint64_t quota = 0;
    std::uint64_t period = 0;
    const char* const end = cpu_max.data() + cpu_max.size();
    const char* const middle = cpu_max.data() + space;
    if (std::from_chars(cpu_max.data(), middle, quota).ptr != middle) return std::nullopt;
    if (std::from_chars(middle + 1, end, period).ec != std::errc()) return std::nullopt;
    if (period == 0) return std::nullopt;
    constexpr std::uint64_t kMost = 1U << 20U;
    return static_cast<std::uint32_t>(
        std::clamp<std::uint64_t>(quota / period + (quota % period != 0 ? 1 : 0), 1, kMost));
}

std::uint32_t num_usable_processors() {
    const std::uint32_t by_affinity = num_processors_by_affinity();
    return std::min(by_affinity, num_processors_by_quota().value_or(by_affinity));
}

std::uint64_t current_thread_id() {
    return static_cast<std::uint64_t>(syscall(SYS_gettid));
}

std::uint64_t current_process_id() {
    return static_cast<std::uint64_t>(getpid());
}

std::string path_of_this_library() {
    const auto* const here = reinterpret_cast<const void*>(&path_of_this_library);
    Dl_info info{};
    std::string path;
    if (dladdr(here, &info) != 0 && info.dli_fname != nullptr) path = info.dli_fname;
    // A relative name was relative to a current folder that may have changed since.
    if (path.empty() || path[0] != '/') path = mapped_file_at(here);
    if (path.empty()) return path;
    std::error_code failure;
    const std::filesystem::path resolved = std::filesystem::canonical(path, failure);
    return failure ? path : resolved.string();
}

ScopedSignalBlock::ScopedSignalBlock() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &previous_);
}

ScopedSignalBlock::~ScopedSignalBlock() {
    pthread_sigmask(SIG_SETMASK, &previous_, nullptr);
}

}  // namespace skep
