// SPDX-License-Identifier: MIT
#include "support/posix_process.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <thread>
#if defined(__linux__)
#include <sched.h>
#endif

namespace skep::cli {

bool stderr_is_terminal() {
    return isatty(STDERR_FILENO) == 1;
}

std::uint32_t num_usable_processors() {
#if defined(__linux__)
    cpu_set_t processors;
    if (sched_getaffinity(0, sizeof processors, &processors) == 0) {
        return static_cast<std::uint32_t>(std::max(CPU_COUNT(&processors), 1));
    }
#endif
    return std::max(std::thread::hardware_concurrency(), 1U);
}

}  // namespace skep::cli
