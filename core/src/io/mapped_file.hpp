// SPDX-License-Identifier: MIT
// A whole file as read-only memory.
#pragma once

#include <cstddef>
#include <cstdint>

#include "io/posix_file.hpp"

namespace skep {

// Pages are read when they are touched; the file may be closed before. Should somebody shorten the
// file meanwhile, touching what is gone raises SIGBUS: that is why mapping is the caller's choice.
class MappedFile {
  public:
    // An empty file gives no memory: data() is null.
    explicit MappedFile(const File& file);
    ~MappedFile();
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;

    [[nodiscard]] const std::byte* data() const { return data_; }
    [[nodiscard]] std::uint64_t size() const { return size_; }

  private:
    const std::byte* data_ = nullptr;
    std::uint64_t size_ = 0;
};

}  // namespace skep
