// SPDX-License-Identifier: MIT
#include "index/search_input.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>

namespace skep::cuda {
namespace {

// Element i of floats in any alignment.
float float_at(const std::byte* source, std::uint64_t i) {
    float value = 0.0F;
    std::memcpy(&value, source + i * sizeof(float), sizeof value);
    return value;
}

// Whether test(i) holds for every i below count. Looks at 64 at a time, without a branch for each,
// and stops behind the first 64 that have one for which it does not.
template <typename Test>
bool holds_below(std::uint64_t count, Test&& test) {
    constexpr std::uint64_t kStep = 64;
    const auto holds_for_step = [&](std::uint64_t first, std::uint64_t length) {
        bool holds = true;
        for (std::uint64_t i = first; i < first + length; ++i)
            holds = holds & test(i);
        return holds;
    };
    std::uint64_t done = 0;
    for (; done + kStep <= count; done += kStep) {
        if (!holds_for_step(done, kStep)) return false;
    }
    return holds_for_step(done, count - done);
}

// Turns [count] floats into bytes; false where one is not a whole number from 0 to 255.
bool narrow(const std::byte* source, std::byte* target, std::uint64_t count) {
    return holds_below(count, [=](std::uint64_t i) {
        const float value = float_at(source, i);
        const auto whole = static_cast<std::int32_t>(std::min(std::max(value, 0.0F), 255.0F));
        target[i] = static_cast<std::byte>(whole);
        return static_cast<float>(whole) == value;
    });
}

}  // namespace

SearchInput::SearchInput(const FlatStore& store, const skep_matrix& queries,
                         const skep_search_request& request, const Mask* mask)
    : workers_(store.device()->workers()),
      queries_(queries),
      request_(request),
      memory_(store.memory()),
      allowed_bytes_(request.allowed != nullptr ? (request.allowed->num_bits + 63) / 64 * 8 : 0),
      codes_are_(memory_->codes_are) {
    view_.rows = device_pointer<const void>(memory_->at(FlatStore::kRows));
    view_.codes = device_pointer<const std::uint8_t>(
        memory_->at(store.is_bytes_ ? FlatStore::kRows : FlatStore::kCodes));
    view_.half_norms = device_pointer<const float>(memory_->at(FlatStore::kHalfNorms));
    view_.bounds = device_pointer<const RowBounds>(memory_->at(FlatStore::kBounds));
    view_.dim = store.dim_;
    view_.row_stride_bytes = store.row_stride_bytes();
    view_.code_stride = store.code_stride_;
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

std::uint64_t SearchInput::stride_bytes() const {
    return queries_.row_stride_bytes != 0 ? queries_.row_stride_bytes : query_bytes();
}

const std::byte* SearchInput::queries_from(std::uint64_t first_query) const {
    return static_cast<const std::byte*>(queries_.data) + first_query * stride_bytes();
}

void SearchInput::stage_queries(std::byte* target, std::uint64_t first_query,
                                std::uint64_t count) const {
    const std::uint64_t row_bytes = query_bytes();
    const std::byte* source = queries_from(first_query);
    if (stride_bytes() == row_bytes) {
        workers_.copy(target, source, count * row_bytes);
        return;
    }
    for (std::uint64_t query = 0; query < count; ++query)
        std::memcpy(target + query * row_bytes, source + query * stride_bytes(), row_bytes);
}

template <typename Test>
bool SearchInput::holds_for_floats(std::uint64_t first_query, std::uint64_t count,
                                   Test&& test) const {
    const std::byte* source = queries_from(first_query);
    if (stride_bytes() != query_bytes()) {
        for (std::uint64_t query = 0; query < count; ++query) {
            if (!test(source + query * stride_bytes(), query * view_.dim, view_.dim)) return false;
        }
        return true;
    }
    std::atomic<bool> holds{true};
    workers_.for_parts(count * query_bytes(), [&](std::uint64_t begin, std::uint64_t end) {
        if (!holds.load(std::memory_order_relaxed)) return;
        if (!test(source + begin, begin / sizeof(float), (end - begin) / sizeof(float))) {
            holds = false;
        }
    });
    return holds;
}

bool SearchInput::stage_bytes(std::byte* target, std::uint64_t first_query,
                              std::uint64_t count) const {
    if (queries_.dtype == SKEP_DTYPE_U8) {
        stage_queries(target, first_query, count);
        return true;
    }
    return holds_for_floats(
        first_query, count,
        [=](const std::byte* source, std::uint64_t first, std::uint64_t length) {
            return narrow(source, target + first, length);
        });
}

bool SearchInput::has_negative(std::uint64_t first_query, std::uint64_t count) const {
    if (queries_.dtype == SKEP_DTYPE_U8) return false;
    return !holds_for_floats(
        first_query, count, [](const std::byte* source, std::uint64_t, std::uint64_t length) {
            return holds_below(length,
                               [=](std::uint64_t i) { return !(float_at(source, i) < 0.0F); });
        });
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
