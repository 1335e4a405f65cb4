// SPDX-License-Identifier: MIT
#include "driver/growable_memory.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "skep/common/assert.hpp"

namespace skep::cuda {
namespace {

std::uint64_t round_up(std::uint64_t value, std::uint64_t unit) {
    return (value + unit - 1) / unit * unit;
}

CUmemAllocationProp properties_of(CUdevice device) {
    CUmemAllocationProp properties{};
    properties.type = CU_MEM_ALLOCATION_TYPE_PINNED;
    properties.location.type = CU_MEM_LOCATION_TYPE_DEVICE;
    properties.location.id = device;
    return properties;
}

}  // namespace

GrowableMemory::GrowableMemory(std::shared_ptr<const Context> context, std::uint64_t reserve_bytes,
                               bool uses_virtual_memory)
    : context_(std::move(context)), is_virtual_(uses_virtual_memory) {
    if (!is_virtual_) return;
    const DriverApi& api = context_->api();
    const CUmemAllocationProp properties = properties_of(context_->device());
    std::size_t granularity = 0;
    context_->check(
        api.mem_get_granularity(&granularity, &properties, CU_MEM_ALLOC_GRANULARITY_MINIMUM),
        "cuMemGetAllocationGranularity");
    granularity_ = std::max<std::uint64_t>(granularity, 1);
    // Address space is plenty but not endless; a smaller range only means moving once more.
    reserved_bytes_ = round_up(std::max<std::uint64_t>(reserve_bytes, 1), granularity_);
    for (;;) {
        const CUresult result = api.address_reserve(&pointer_, reserved_bytes_, 0, 0, 0);
        if (result == CUDA_SUCCESS) break;
        const std::uint64_t half = round_up(reserved_bytes_ / 2, granularity_);
        if (half == reserved_bytes_ || result != CUDA_ERROR_OUT_OF_MEMORY) {
            reserved_bytes_ = 0;
            context_->check(result, "cuMemAddressReserve");
        }
        reserved_bytes_ = half;
    }
}

GrowableMemory::~GrowableMemory() {
    if (!is_virtual_) return;
    const ScopedContext scope(*context_);
    if (!scope.is_current()) return;
    while (!chunks_.empty())
        unmap_last_chunk();
    if (reserved_bytes_ != 0 && context_->is_usable()) {
        context_->note(context_->api().address_free(pointer_, reserved_bytes_), "cuMemAddressFree");
    }
}

void GrowableMemory::grow(std::uint64_t bytes, const char* operation) {
    if (bytes <= mapped_bytes_) return;
    if (!is_virtual_) {
        SKEP_ASSERT(mapped_bytes_ == 0, "memory that cannot grow in place is allocated once");
        flat_ = DeviceBuffer(context_, bytes, operation);
        pointer_ = flat_.pointer();
        mapped_bytes_ = bytes;
        num_chunks_ = 1;
        return;
    }
    SKEP_ASSERT(can_hold(bytes), "growth stays inside the reserved range");
    // An eighth more than there is keeps the number of chunks logarithmic; what is left of the
    // range, or of the memory, may allow less.
    const std::uint64_t needed = round_up(bytes - mapped_bytes_, granularity_);
    const std::uint64_t wished =
        std::min(std::max(needed, round_up(mapped_bytes_.load() / 8, granularity_)),
                 reserved_bytes_ - mapped_bytes_);
    try {
        map_chunk(wished, operation);
    } catch (const Error& failure) {
        if (failure.status() != SKEP_OUT_OF_DEVICE_MEMORY || wished == needed) throw;
        map_chunk(needed, operation);
    }
}

void GrowableMemory::map_chunk(std::uint64_t bytes, const char* operation) {
    const DriverApi& api = context_->api();
    const CUmemAllocationProp properties = properties_of(context_->device());
    chunks_.reserve(chunks_.size() + 1);
    CUmemGenericAllocationHandle handle = 0;
    const CUresult created = api.mem_create(&handle, bytes, &properties, 0);
    if (created != CUDA_SUCCESS) throw_out_of_memory(*context_, operation, bytes, created);

    const CUdeviceptr address = pointer_ + mapped_bytes_;
    CUresult result = api.mem_map(address, bytes, 0, handle, 0);
    if (result == CUDA_SUCCESS) {
        CUmemAccessDesc access{};
        access.location = properties.location;
        access.flags = CU_MEM_ACCESS_FLAGS_PROT_READWRITE;
        result = api.mem_set_access(address, bytes, &access, 1);
        if (result != CUDA_SUCCESS) context_->note(api.mem_unmap(address, bytes), "cuMemUnmap");
    }
    if (result != CUDA_SUCCESS) {
        context_->note(api.mem_release(handle), "cuMemRelease");
        throw_out_of_memory(*context_, operation, bytes, result);
    }
    chunks_.push_back({handle, bytes});
    mapped_bytes_ += bytes;
    num_chunks_ = chunks_.size();
}

void GrowableMemory::unmap_last_chunk() noexcept {
    const Chunk chunk = chunks_.back();
    chunks_.pop_back();
    mapped_bytes_ -= chunk.bytes;
    num_chunks_ = chunks_.size();
    if (!context_->is_usable()) return;
    context_->note(context_->api().mem_unmap(pointer_ + mapped_bytes_, chunk.bytes), "cuMemUnmap");
    context_->note(context_->api().mem_release(chunk.handle), "cuMemRelease");
}

void GrowableMemory::shrink(std::uint64_t bytes) noexcept {
    if (!is_virtual_) return;
    const ScopedContext scope(*context_);
    if (!scope.is_current()) return;
    while (!chunks_.empty() && mapped_bytes_ - chunks_.back().bytes >= bytes)
        unmap_last_chunk();
}

}  // namespace skep::cuda
