// SPDX-License-Identifier: MIT
#include "lane.hpp"

#include <bit>
#include <cstdint>
#include <thread>
#include <utility>

namespace skep::cuda {
namespace {

constexpr std::uint64_t kSmallestBuffer = 64 * 1024;
// Growth rounds up to a power of two up to here, to whole steps of it above.
constexpr std::uint64_t kLargestPower = 256ULL << 20;

std::uint64_t rounded_size(std::uint64_t bytes) {
    if (bytes <= kSmallestBuffer) return kSmallestBuffer;
    if (bytes <= kLargestPower) return std::bit_ceil(bytes);
    return (bytes + kLargestPower - 1) / kLargestPower * kLargestPower;
}

CUdeviceptr grow(DeviceBuffer& buffer, const std::shared_ptr<const Context>& context,
                 std::uint64_t bytes, const char* operation) {
    if (buffer.bytes() < bytes) {
        buffer = DeviceBuffer();  // free first: both at once may not fit
        buffer = DeviceBuffer(context, rounded_size(bytes), operation);
    }
    return buffer.pointer();
}

}  // namespace

Lane::Lane(std::shared_ptr<const Context> context)
    : context_(std::move(context)), stream_(context_), marks_{Event(context_), Event(context_)} {
}

std::byte* Lane::pinned(std::uint64_t bytes) {
    if (pinned_.bytes() < bytes) {
        pinned_ = PinnedBuffer();
        pinned_ = PinnedBuffer(context_, rounded_size(bytes));
    }
    return pinned_.data();
}

CUdeviceptr Lane::scratch(std::uint64_t bytes) {
    return grow(scratch_, context_, bytes, "scratch memory");
}

CUdeviceptr Lane::redo_scratch(std::uint64_t bytes) {
    return grow(redo_scratch_, context_, bytes, "scratch memory of a repeated search");
}

void Lane::mark(std::size_t half) {
    context_->check(context_->api().event_record(marks_[half].get(), stream()), "cuEventRecord");
    is_marked_[half] = true;
}

void Lane::wait_for_mark(std::size_t half) {
    if (!is_marked_[half]) return;
    context_->check(context_->api().event_synchronize(marks_[half].get()), "cuEventSynchronize");
    is_marked_[half] = false;
}

void Lane::copy_to_device(CUdeviceptr target, const void* source, std::uint64_t bytes) {
    has_work_ = true;
    context_->check(context_->api().copy_to_device_async(target, source, bytes, stream()),
                    "copy to device");
}

void Lane::copy_to_host(void* target, CUdeviceptr source, std::uint64_t bytes) {
    has_work_ = true;
    context_->check(context_->api().copy_to_host_async(target, source, bytes, stream()),
                    "copy to host");
}

void Lane::copy_on_device(CUdeviceptr target, CUdeviceptr source, std::uint64_t bytes) {
    has_work_ = true;
    context_->check(context_->api().copy_on_device_async(target, source, bytes, stream()),
                    "copy on device");
}

void Lane::fill(CUdeviceptr target, std::uint8_t value, std::uint64_t bytes) {
    has_work_ = true;
    context_->check(context_->api().memset_async(target, value, bytes, stream()), "fill on device");
}

void Lane::launch_raw(CUfunction function, std::uint32_t grid_x, std::uint32_t grid_y,
                      std::uint32_t num_threads, std::uint32_t shared_bytes, void** parameters,
                      const char* name) {
    has_work_ = true;
    context_->check(context_->api().launch_kernel(function, grid_x, grid_y, 1, num_threads, 1, 1,
                                                  shared_bytes, stream(), parameters, nullptr),
                    fmt::format("launch of {} ({} x {} blocks of {} threads, {} bytes shared)",
                                name, grid_x, grid_y, num_threads, shared_bytes)
                        .c_str());
}

skep_status Lane::wait(const skep_call* call) {
    skep_status stop = SKEP_OK;
    if (call != nullptr) {
        // Spins: an answer is worth more than a core for its microseconds. A stop ends the polling.
        for (std::uint32_t round = 0; stop == SKEP_OK; ++round) {
            const CUresult result = context_->api().stream_query(stream());
            if (result == CUDA_SUCCESS) {
                has_work_ = false;
                is_marked_[0] = is_marked_[1] = false;
                return SKEP_OK;
            }
            if (result != CUDA_ERROR_NOT_READY) context_->check(result, "waiting for the device");
            if (round % 64 == 63) {
                stop = call->poll(call->context, 0, 0);
                std::this_thread::yield();
            }
        }
    }
    context_->check(context_->api().stream_synchronize(stream()), "waiting for the device");
    has_work_ = false;
    is_marked_[0] = is_marked_[1] = false;
    return stop;
}

void Lane::drain() noexcept {
    if (!has_work_) return;
    has_work_ = false;
    is_marked_[0] = is_marked_[1] = false;
    const ScopedContext scope(*context_);
    if (!scope.is_current()) return;
    context_->note(context_->api().stream_synchronize(stream()), "cuStreamSynchronize");
}

LanePool::Lease::~Lease() {
    lane_->drain();
    pool_->give_back(std::move(lane_));
}

LanePool::Lease LanePool::acquire() {
    std::unique_lock lock(mutex_);
    returned_.wait(lock, [&] { return !idle_.empty() || num_lanes_ < kMaxLanes; });
    if (!idle_.empty()) {
        std::unique_ptr<Lane> lane = std::move(idle_.back());
        idle_.pop_back();
        return {*this, std::move(lane)};
    }
    // Room for its return is made here, so that giving back cannot fail.
    idle_.reserve(num_lanes_ + 1);
    auto lane = std::make_unique<Lane>(context_);
    ++num_lanes_;
    return {*this, std::move(lane)};
}

void LanePool::give_back(std::unique_ptr<Lane> lane) noexcept {
    {
        const std::lock_guard lock(mutex_);
        idle_.push_back(std::move(lane));
    }
    returned_.notify_one();
}

}  // namespace skep::cuda
