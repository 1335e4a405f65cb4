// SPDX-License-Identifier: MIT
#include "index/search_input.hpp"

#include <algorithm>
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

void SearchInput::stage_queries(std::byte* target, std::uint64_t first_query,
                                std::uint64_t count) const {
    const std::uint32_t dim = view_.dim;
    const bool is_bytes = queries_.dtype == SKEP_DTYPE_U8;
    const std::uint64_t row_bytes = is_bytes ? dim : dim * std::uint64_t{sizeof(float)};
    const std::uint64_t stride =
        queries_.row_stride_bytes != 0 ? queries_.row_stride_bytes : row_bytes;
    const auto* source = static_cast<const std::byte*>(queries_.data) + first_query * stride;
    if (!is_bytes && stride == row_bytes) {
        std::memcpy(target, source, count * row_bytes);
        return;
    }
    for (std::uint64_t query = 0; query < count; ++query, source += stride) {
        std::byte* line = target + query * dim * sizeof(float);
        if (!is_bytes) {
            std::memcpy(line, source, row_bytes);
            continue;
        }
        for (std::uint32_t i = 0; i < dim; ++i) {
            const auto element = static_cast<float>(std::to_integer<unsigned>(source[i]));
            std::memcpy(line + i * sizeof(float), &element, sizeof element);
        }
    }
}

}  // namespace skep::cuda
