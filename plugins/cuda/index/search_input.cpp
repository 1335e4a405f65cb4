// SPDX-License-Identifier: MIT
#include "index/search_input.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace skep::cuda {

SearchInput::SearchInput(const FlatStore& store, const skep_matrix& queries,
                         const skep_search_request& request, const Mask* mask)
    : queries_(queries),
      request_(request),
      memory_(store.memory()),
      allowed_bytes_(request.allowed != nullptr ? (request.allowed->num_bits + 63) / 64 * 8 : 0) {
    view_.rows = device_pointer<const void>(memory_->rows->pointer());
    view_.approx =
        memory_->approx ? device_pointer<const void>(memory_->approx->pointer()) : view_.rows;
    view_.bounds = device_pointer<const RowBounds>(memory_->bounds->pointer());
    view_.dim = store.dim_;
    view_.row_stride_bytes = store.row_stride_bytes_;
    view_.approx_stride = store.approx_stride_;
    view_.metric = store.metric_;
    filter_.num_slots = request.num_slots;
    if (mask != nullptr) {
        filter_.erased = device_pointer<const std::uint32_t>(mask->bits());
        filter_.num_erased_bits = mask->num_bits();
    }
}

void SearchInput::send_allowed(Lane& lane, CUdeviceptr target) {
    if (request_.allowed == nullptr) return;
    if (allowed_bytes_ != 0) {
        std::byte* pinned = lane.pinned(allowed_bytes_);
        std::memcpy(pinned, request_.allowed->words, allowed_bytes_);
        lane.copy_to_device(target, pinned, allowed_bytes_);
        lane.wait(nullptr);  // the pinned memory is the queries' next
    }
    filter_.allowed = device_pointer<const std::uint32_t>(target);
    filter_.num_allowed_bits = request_.allowed->num_bits;
}

std::uint64_t SearchInput::query_bytes() const {
    return view_.dim * (queries_.dtype == SKEP_DTYPE_U8 ? 1 : sizeof(float));
}

void SearchInput::stage_queries(std::byte* target, std::uint64_t first_query,
                                std::uint64_t count) const {
    const std::uint64_t row_bytes = query_bytes();
    const std::uint64_t stride =
        queries_.row_stride_bytes != 0 ? queries_.row_stride_bytes : row_bytes;
    const auto* source = static_cast<const std::byte*>(queries_.data) + first_query * stride;
    if (stride == row_bytes) {
        std::memcpy(target, source, count * row_bytes);
        return;
    }
    for (std::uint64_t query = 0; query < count; ++query)
        std::memcpy(target + query * row_bytes, source + query * stride, row_bytes);
}

void SearchInput::stage_floats(float* target, std::uint64_t first_query,
                               std::uint64_t count) const {
    auto* bytes = reinterpret_cast<std::byte*>(target);
    if (queries_.dtype != SKEP_DTYPE_U8) {
        stage_queries(bytes, first_query, count);
        return;
    }
    // Bytes first, at the end of where their floats will be: widened from the front, no byte is
    // overwritten before it is read.
    const std::uint64_t num_elements = count * view_.dim;
    std::byte* packed = bytes + num_elements * (sizeof(float) - 1);
    stage_queries(packed, first_query, count);
    for (std::uint64_t i = 0; i < num_elements; ++i)
        target[i] = static_cast<float>(std::to_integer<unsigned>(packed[i]));
}

}  // namespace skep::cuda
