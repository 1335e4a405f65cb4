// SPDX-License-Identifier: MIT
// Device memory that grows without moving: an address range is reserved and chunks are mapped into
// it as needed. Where the driver cannot do that, growing means a larger allocation and a copy.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "driver/device_buffer.hpp"

namespace skep::cuda {

class GrowableMemory {
  public:
    // A range that can hold reserve_bytes in all without moving. Nothing is mapped. The context is
    // current. Throws.
    GrowableMemory(std::shared_ptr<const Context> context, std::uint64_t reserve_bytes,
                   bool uses_virtual_memory);
    ~GrowableMemory();
    GrowableMemory(const GrowableMemory&) = delete;
    GrowableMemory& operator=(const GrowableMemory&) = delete;

    [[nodiscard]] CUdeviceptr pointer() const { return pointer_; }
    [[nodiscard]] std::uint64_t mapped_bytes() const { return mapped_bytes_; }
    [[nodiscard]] std::uint64_t num_chunks() const { return num_chunks_; }
    // Whether grow(bytes) works in place.
    [[nodiscard]] bool can_hold(std::uint64_t bytes) const {
        return is_virtual_ ? bytes <= reserved_bytes_ : bytes <= mapped_bytes_;
    }

    // Maps at least `bytes` in all; can_hold(bytes) is true, or nothing was mapped yet. Throws and
    // changes nothing when memory runs out.
    void grow(std::uint64_t bytes, const char* operation);
    // Gives chunks back that lie wholly behind `bytes`. Nobody uses the memory meanwhile.
    void shrink(std::uint64_t bytes) noexcept;

  private:
    struct Chunk {
        CUmemGenericAllocationHandle handle;
        std::uint64_t bytes;
    };
    void map_chunk(std::uint64_t bytes, const char* operation);
    void unmap_last_chunk() noexcept;

    std::shared_ptr<const Context> context_;
    bool is_virtual_ = false;
    CUdeviceptr pointer_ = 0;
    std::uint64_t granularity_ = 0;
    std::uint64_t reserved_bytes_ = 0;
    // Statistics look at these two while another thread grows.
    std::atomic<std::uint64_t> mapped_bytes_{0};
    std::atomic<std::uint64_t> num_chunks_{0};
    std::vector<Chunk> chunks_;
    DeviceBuffer flat_;  // instead of chunks, without virtual memory
};

}  // namespace skep::cuda
