// SPDX-License-Identifier: MIT
#include "bridge/store.hpp"

#include <cstdint>

#include "bridge/call_operation.hpp"
#include "bridge/device.hpp"

namespace skep {
Mask::~Mask() {
    if (handle_ != nullptr) device_->operations().mask_destroy(handle_);
}

Store::Store(Store&& other) noexcept
    : device_(std::move(other.device_)), handle_(std::exchange(other.handle_, nullptr)) {
}

Store& Store::operator=(Store&& other) noexcept {
    if (this != &other) {
        destroy();
        device_ = std::move(other.device_);
        handle_ = std::exchange(other.handle_, nullptr);
    }
    return *this;
}

void Store::destroy() noexcept {
    if (handle_ != nullptr) device_->operations().store_destroy(handle_);
    handle_ = nullptr;
}

Result<void> Store::reserve(std::uint64_t num_slots) {
    return call_operation("reserve", device_->operations().store_reserve, handle_, num_slots);
}

Result<void> Store::append(const skep_matrix& rows, const skep_call* call) {
    return call_operation("append", device_->operations().store_append, handle_, &rows, call);
}

void Store::truncate(std::uint64_t num_slots) noexcept {
    device_->operations().store_truncate(handle_, num_slots);
}

Result<void> Store::read(std::span<const std::uint32_t> slots, const skep_mutable_matrix& out,
                         const skep_call* call) const {
    return call_operation("read", device_->operations().store_read, handle_, std::uint64_t{0},
                          slots.data(), &out, call);
}

Result<void> Store::read_range(std::uint64_t first_slot, const skep_mutable_matrix& out,
                               const skep_call* call) const {
    return call_operation("read", device_->operations().store_read, handle_, first_slot,
                          static_cast<const std::uint32_t*>(nullptr), &out, call);
}

Result<std::shared_ptr<const Mask>> Store::make_mask(const Mask* parent, std::uint64_t num_slots,
                                                     std::span<const std::uint32_t> slots) const {
    auto mask = std::make_shared<Mask>(device_);  // before there is a handle to lose
    const Result<void> made =
        call_operation("mask create", device_->operations().mask_create, handle_,
                       parent == nullptr ? nullptr : parent->handle(), num_slots, slots.data(),
                       static_cast<std::uint64_t>(slots.size()), &mask->handle_);
    if (!made) return made.error();
    return std::shared_ptr<const Mask>(std::move(mask));
}

Result<void> Store::compact(std::uint64_t num_slots, const Mask* mask, const skep_call* call) {
    return call_operation("compact", device_->operations().store_compact, handle_, num_slots,
                          mask == nullptr ? nullptr : mask->handle(), call);
}

Result<skep_store_stats> Store::stats() const {
    skep_store_stats stats{};
    stats.struct_size = sizeof stats;
    const Result<void> read =
        call_operation("stats", device_->operations().store_stats, handle_, &stats);
    if (!read) return read.error();
    return stats;
}

Result<void> Store::search(const skep_matrix& queries, const skep_search_request& request,
                           const skep_search_answer& answer, const skep_call* call) const {
    return call_operation("search", device_->operations().store_search, handle_, &queries, &request,
                          &answer, call);
}

Result<void> Store::range_search(const skep_matrix& queries, const skep_range_request& request,
                                 const skep_range_sink& sink, const skep_call* call) const {
    return call_operation("range search", device_->operations().opt_store_range_search, handle_,
                          &queries, &request, &sink, call);
}

}  // namespace skep
