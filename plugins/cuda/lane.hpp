// SPDX-License-Identifier: MIT
// What one call needs to work on a device beside others: a stream, pinned memory to stage through,
// scratch memory. Lanes are pooled, so that steady use allocates nothing.
#pragma once

#include <skep/host_services.h>

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "driver/device_buffer.hpp"
#include "driver/stream.hpp"

namespace skep::cuda {

class Lane {
  public:
    // The context is current; throws.
    explicit Lane(std::shared_ptr<const Context> context);

    [[nodiscard]] CUstream stream() const { return stream_.get(); }
    [[nodiscard]] const Context& context() const { return *context_; }

    // Memory of at least that many bytes; earlier contents are lost when it grows.
    std::byte* pinned(std::uint64_t bytes);
    CUdeviceptr scratch(std::uint64_t bytes);
    // As scratch, for the plain kernels that redo a query.
    CUdeviceptr redo_scratch(std::uint64_t bytes);

    // Marks a point of the stream, and waits for it: the two halves of a staging buffer.
    void mark(std::size_t half);
    void wait_for_mark(std::size_t half);

    void copy_to_device(CUdeviceptr target, const void* source, std::uint64_t bytes);
    void copy_to_host(void* target, CUdeviceptr source, std::uint64_t bytes);
    void copy_on_device(CUdeviceptr target, CUdeviceptr source, std::uint64_t bytes);
    void fill(CUdeviceptr target, std::uint8_t value, std::uint64_t bytes);

    // Launches a kernel whose only parameter is one struct.
    template <typename Params>
    void launch(CUfunction function, std::uint32_t grid_x, std::uint32_t grid_y,
                std::uint32_t num_threads, std::uint32_t shared_bytes, const Params& params,
                const char* name) {
        Params copy = params;
        void* parameters[] = {&copy};
        launch_raw(function, grid_x, grid_y, num_threads, shared_bytes, parameters, name);
    }

    // Waits until the stream is empty, polling the call meanwhile. A stop is returned after the
    // work in flight has ended.
    skep_status wait(const skep_call* call);
    // For whoever gives up: waits without telling anybody.
    void drain() noexcept;

  private:
    void launch_raw(CUfunction function, std::uint32_t grid_x, std::uint32_t grid_y,
                    std::uint32_t num_threads, std::uint32_t shared_bytes, void** parameters,
                    const char* name);

    std::shared_ptr<const Context> context_;
    Stream stream_;
    Event marks_[2];
    bool is_marked_[2] = {false, false};
    bool has_work_ = false;
    PinnedBuffer pinned_;
    DeviceBuffer scratch_;
    DeviceBuffer redo_scratch_;
};

class LanePool {
  public:
    explicit LanePool(std::shared_ptr<const Context> context) : context_(std::move(context)) {}

    // Returns its lane to the pool, empty of work.
    class Lease {
      public:
        Lease(LanePool& pool, std::unique_ptr<Lane> lane) : pool_(&pool), lane_(std::move(lane)) {}
        ~Lease();
        Lease(const Lease&) = delete;
        Lease& operator=(const Lease&) = delete;
        Lane* operator->() const { return lane_.get(); }
        Lane& operator*() const { return *lane_; }

      private:
        LanePool* pool_;
        std::unique_ptr<Lane> lane_;
    };

    // Waits when all are in use. The context is current; throws.
    Lease acquire();

  private:
    // More streams than this do not overlap better: one sweep fills the device.
    static constexpr std::size_t kMaxLanes = 8;

    void give_back(std::unique_ptr<Lane> lane) noexcept;

    std::shared_ptr<const Context> context_;
    std::mutex mutex_;
    std::condition_variable returned_;
    std::vector<std::unique_ptr<Lane>> idle_;
    std::size_t num_lanes_ = 0;
};

}  // namespace skep::cuda
