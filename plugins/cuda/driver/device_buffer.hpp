// SPDX-License-Identifier: MIT
// Owned memory of fixed size: on the device, and pinned on the host.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>

#include "driver/context.hpp"

namespace skep::cuda {

// Throws SKEP_OUT_OF_DEVICE_MEMORY, saying how much was asked and how much was free.
[[noreturn]] void throw_out_of_memory(const Context& context, const char* operation,
                                      std::uint64_t asked_bytes, CUresult result);

// A device address as the pointer that a kernel takes; not for the host to follow.
template <typename T>
T* device_pointer(CUdeviceptr address) {
    T* pointer = nullptr;
    static_assert(sizeof pointer == sizeof address);
    std::memcpy(&pointer, &address, sizeof pointer);
    return pointer;
}

// Moves only; a moved-from buffer equals an empty one.
class DeviceBuffer {
  public:
    DeviceBuffer() = default;
    // The context is current. Throws.
    DeviceBuffer(std::shared_ptr<const Context> context, std::uint64_t bytes,
                 const char* operation);
    ~DeviceBuffer() { free(); }
    DeviceBuffer(DeviceBuffer&& other) noexcept;
    DeviceBuffer& operator=(DeviceBuffer&& other) noexcept;

    [[nodiscard]] CUdeviceptr pointer() const { return pointer_; }
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

  private:
    void free() noexcept;

    std::shared_ptr<const Context> context_;
    CUdeviceptr pointer_ = 0;
    std::uint64_t bytes_ = 0;
};

// Kernels reach it by the same address: every process with this driver on a 64-bit machine has one
// address space for both (unified addressing).
class PinnedBuffer {
  public:
    PinnedBuffer() = default;
    PinnedBuffer(std::shared_ptr<const Context> context, std::uint64_t bytes);
    ~PinnedBuffer() { free(); }
    PinnedBuffer(PinnedBuffer&& other) noexcept;
    PinnedBuffer& operator=(PinnedBuffer&& other) noexcept;

    [[nodiscard]] std::byte* data() const { return data_; }
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

  private:
    void free() noexcept;

    std::shared_ptr<const Context> context_;
    std::byte* data_ = nullptr;
    std::uint64_t bytes_ = 0;
};

}  // namespace skep::cuda
