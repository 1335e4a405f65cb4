// SPDX-License-Identifier: MIT
#include "driver/device_buffer.hpp"

#include <cstdint>
#include <utility>

#include "skep/result.hpp"

namespace skep::cuda {

void throw_out_of_memory(const Context& context, const char* operation, std::uint64_t asked_bytes,
                         CUresult result) {
    if (result != CUDA_ERROR_OUT_OF_MEMORY) context.check(result, operation);
    std::size_t free_bytes = 0;
    std::size_t total_bytes = 0;
    context.note(context.api().mem_get_info(&free_bytes, &total_bytes), "cuMemGetInfo");
    throw Error(SKEP_OUT_OF_DEVICE_MEMORY,
                fmt::format("{}: {} bytes of device memory asked, {} of {} free", operation,
                            asked_bytes, free_bytes, total_bytes),
                SKEP_LAYER_DRIVER, result);
}

DeviceBuffer::DeviceBuffer(std::shared_ptr<const Context> context, std::uint64_t bytes,
                           const char* operation)
    : context_(std::move(context)), bytes_(bytes) {
    const CUresult result = context_->api().mem_alloc(&pointer_, bytes);
    if (result != CUDA_SUCCESS) throw_out_of_memory(*context_, operation, bytes, result);
}

DeviceBuffer::DeviceBuffer(DeviceBuffer&& other) noexcept
    : context_(std::move(other.context_)),
      pointer_(std::exchange(other.pointer_, 0)),
      bytes_(std::exchange(other.bytes_, 0)) {
}

DeviceBuffer& DeviceBuffer::operator=(DeviceBuffer&& other) noexcept {
    if (this != &other) {
        free();
        context_ = std::move(other.context_);
        pointer_ = std::exchange(other.pointer_, 0);
        bytes_ = std::exchange(other.bytes_, 0);
    }
    return *this;
}

void DeviceBuffer::free() noexcept {
    if (pointer_ == 0) return;
    const ScopedContext scope(*context_);
    if (scope.is_current()) context_->note(context_->api().mem_free(pointer_), "cuMemFree");
    pointer_ = 0;
    bytes_ = 0;
}

PinnedBuffer::PinnedBuffer(std::shared_ptr<const Context> context, std::uint64_t bytes)
    : context_(std::move(context)), bytes_(bytes) {
    void* pointer = nullptr;
    const CUresult result = context_->api().mem_host_alloc(&pointer, bytes, 0);
    if (result == CUDA_ERROR_OUT_OF_MEMORY) {
        throw Error(SKEP_OUT_OF_HOST_MEMORY,
                    fmt::format("cuMemHostAlloc: no {} bytes of pinned host memory", bytes),
                    SKEP_LAYER_DRIVER, result);
    }
    context_->check(result, "cuMemHostAlloc");
    data_ = static_cast<std::byte*>(pointer);
}

PinnedBuffer::PinnedBuffer(PinnedBuffer&& other) noexcept
    : context_(std::move(other.context_)),
      data_(std::exchange(other.data_, nullptr)),
      bytes_(std::exchange(other.bytes_, 0)) {
}

PinnedBuffer& PinnedBuffer::operator=(PinnedBuffer&& other) noexcept {
    if (this != &other) {
        free();
        context_ = std::move(other.context_);
        data_ = std::exchange(other.data_, nullptr);
        bytes_ = std::exchange(other.bytes_, 0);
    }
    return *this;
}

void PinnedBuffer::free() noexcept {
    if (data_ == nullptr) return;
    const ScopedContext scope(*context_);
    if (scope.is_current()) context_->note(context_->api().mem_free_host(data_), "cuMemFreeHost");
    data_ = nullptr;
    bytes_ = 0;
}

}  // namespace skep::cuda
