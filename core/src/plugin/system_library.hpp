// SPDX-License-Identifier: MIT
// Whether the system's dynamic linker finds a library by its soname.
#pragma once

#include <string>

#include "skep/result.hpp"

namespace skep {

// SKEP_REQUIREMENT_NOT_MET with the linker's text. Opens the library and closes it again.
Result<void> find_system_library(const std::string& soname);

}  // namespace skep
