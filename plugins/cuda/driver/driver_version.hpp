// SPDX-License-Identifier: MIT
// The release of the installed driver, which its C interface does not tell.
#pragma once

#include <string>

namespace skep::cuda {

// "580.159.04", as nvidia-smi prints it, from what the kernel module tells of itself; empty where
// it does not. Reads one small file.
std::string installed_driver_version();

// The release in the kernel module's own words: the first number of three digits or
// more with a point behind it.
std::string driver_version_in(const std::string& text);

}  // namespace skep::cuda
