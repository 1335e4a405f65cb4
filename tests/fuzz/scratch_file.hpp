// SPDX-License-Identifier: MIT
// Where a fuzz target puts its input so that the library can open it: in memory if the system can.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace skep::fuzz {

// The file of this process with such an extension, holding these bytes.
inline std::string write_scratch_file(const std::string& extension, const std::uint8_t* data,
                                      std::size_t size) {
    static const std::string folder = std::filesystem::is_directory("/dev/shm")
                                          ? "/dev/shm"
                                          : std::filesystem::temp_directory_path();
    const std::string path = folder + "/skep-fuzz-" + std::to_string(::getpid()) + extension;
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file.write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
    if (!file.flush()) std::abort();
    return path;
}

}  // namespace skep::fuzz
