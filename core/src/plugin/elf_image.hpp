// SPDX-License-Identifier: MIT
// Whether a file can be a library for this process. The dynamic linker maps what the headers
// promise and dies of a signal where the file ends too early; so this is asked first.
#pragma once

#include <cstdint>
#include <string>

#include "skep/result.hpp"

namespace skep {

// SKEP_LIBRARY_NOT_LOADABLE for a file that is no ELF library of this machine, or is shorter than
// its segments.
Result<void> check_elf_image(const std::string& path);

}  // namespace skep
