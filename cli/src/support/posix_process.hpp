// SPDX-License-Identifier: MIT
// What this process was given: its terminal and its processors.
#pragma once

#include <cstdint>

namespace skep::cli {

[[nodiscard]] bool stderr_is_terminal();

// Processors that this process may run on: what `taskset` and containers with a cpuset leave.
[[nodiscard]] std::uint32_t num_usable_processors();

}  // namespace skep::cli
