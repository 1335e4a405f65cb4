// SPDX-License-Identifier: MIT
#include "driver/driver_version.hpp"

#include <fstream>
#include <regex>

namespace skep::cuda {

std::string driver_version_in(const std::string& text) {
    // Three digits and more are a driver's; "x86_64" and the compiler's version are shorter.
    static const std::regex kRelease(R"((^|[^0-9.])([0-9]{3,}\.[0-9]+(\.[0-9]+)?))");
    std::smatch found;
    return std::regex_search(text, found, kRelease) ? found[2].str() : std::string();
}

std::string installed_driver_version() {
    for (const char* path : {"/sys/module/nvidia/version", "/proc/driver/nvidia/version"}) {
        std::ifstream file(path);
        std::string line;
        if (!std::getline(file, line)) continue;
        if (std::string version = driver_version_in(line); !version.empty()) return version;
    }
    return {};
}

}  // namespace skep::cuda
