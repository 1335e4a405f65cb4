// SPDX-License-Identifier: MIT
// Who could have changed a file that is about to decide which code runs. Implemented per system:
// posix_file_trust.cpp.
//
// Trusted is what only root and this process's effective user can change: regular files and folders
// owned by either and writable by no group and nobody else, reached without leaving the folder that
// was named. Folders further up may not be writable by everybody, unless sticky. With that nobody
// else can put another file in place between the check and the load; that it is still the same one
// is checked besides.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "skep/result.hpp"

namespace skep {

// One file whatever its names, and one version of it.
struct FileIdentity {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::uint64_t size = 0;
    std::int64_t modified_ns = 0;

    [[nodiscard]] bool is_same_file(const FileIdentity& other) const {
        return device == other.device && inode == other.inode;
    }
    friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

struct TrustedFile {
    std::string path;  // absolute, links resolved
    FileIdentity identity;
    std::string text;  // contents, if asked for
};

// All refusals are SKEP_PATH_NOT_TRUSTED, each with its own reason; a missing file or folder is
// SKEP_FILE_NOT_FOUND, an unreadable one SKEP_FILE_NOT_READABLE.

// The absolute path of a trusted folder, links resolved.
Result<std::string> trust_folder(const std::string& path);

// A file inside a trusted folder. `name` is relative to it and may not leave it, by ".." or by a
// link.
Result<TrustedFile> trust_file(const std::string& folder, const std::string& name);

// The same, and its contents, read from the very file that was checked. A longer one is refused
// with `too_long_status`.
Result<TrustedFile> read_trusted_file(const std::string& folder, const std::string& name,
                                      std::size_t max_bytes, skep_status too_long_status);

// Whether `file` is still there, unchanged.
Result<void> check_unchanged(const std::string& path, const FileIdentity& identity);

}  // namespace skep
