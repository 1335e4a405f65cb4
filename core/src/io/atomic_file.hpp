// SPDX-License-Identifier: MIT
// A file that appears whole or not at all: written beside its target, synced, renamed over it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "io/posix_file.hpp"

namespace skep {

// Until commit() the target is what it was. Destroying without commit removes what was written; a
// process killed meanwhile leaves a file ".skep-<16 hex digits>.tmp" that nothing ever reads. A
// symbolic link at the target is replaced, not followed.
class AtomicFile {
  public:
    // Throws if the target could not be replaced. `operation` is a literal and begins every
    // message.
    AtomicFile(const std::string& path, const char* operation);
    ~AtomicFile();
    AtomicFile(const AtomicFile&) = delete;
    AtomicFile& operator=(const AtomicFile&) = delete;

    [[nodiscard]] File& file() { return file_; }

    // A new file gets the permissions that the umask leaves, a replaced one keeps its own.
    void commit();

  private:
    std::string path_;
    std::string folder_;
    const char* operation_;
    ReplacedFile replaced_;
    std::string temporary_path_;
    File file_;
    bool is_committed_ = false;
};

}  // namespace skep
