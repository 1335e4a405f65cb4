// SPDX-License-Identifier: MIT
// Memory from the host's allocator, owned.
#pragma once

#include <skep/host_services.h>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace skep::cpu {

// Cache line and widest vector register.
inline constexpr std::size_t kVectorAlignment = 64;

// A block of host memory; contents undefined. Blocks of 4 MiB and more ask for huge pages.
class HostBuffer {
  public:
    HostBuffer() = default;
    // Throws Error(SKEP_OUT_OF_HOST_MEMORY) naming `operation` and the size. Zero bytes: empty.
    HostBuffer(const skep_host_services& host, std::uint64_t bytes, const char* operation);
    ~HostBuffer() { reset(); }
    HostBuffer(HostBuffer&& other) noexcept { swap(other); }
    HostBuffer& operator=(HostBuffer&& other) noexcept {
        HostBuffer taken(std::move(other));
        swap(taken);
        return *this;
    }

    [[nodiscard]] std::byte* data() const { return static_cast<std::byte*>(data_); }
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
    void reset() noexcept;

  private:
    void swap(HostBuffer& other) noexcept {
        std::swap(host_, other.host_);
        std::swap(data_, other.data_);
        std::swap(bytes_, other.bytes_);
        std::swap(alignment_, other.alignment_);
    }

    const skep_host_services* host_ = nullptr;
    void* data_ = nullptr;
    std::uint64_t bytes_ = 0;
    std::uint64_t alignment_ = 0;
};

// Places arrays one after another in one block, each at a vector boundary: call add for each, then
// allocate bytes() once.
class ArrayLayout {
  public:
    // Offset of an array of `count` elements.
    template <typename Element>
    std::uint64_t add(std::uint64_t count) {
        const std::uint64_t offset = bytes_;
        bytes_ +=
            (count * sizeof(Element) + kVectorAlignment - 1) / kVectorAlignment * kVectorAlignment;
        return offset;
    }
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

  private:
    std::uint64_t bytes_ = 0;
};

}  // namespace skep::cpu
