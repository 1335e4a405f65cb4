// SPDX-License-Identifier: MIT
#include "index/search_input.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>
#include <cstring>

#include "skep/common/element_type.hpp"

namespace skep::cuda {
namespace {

// Element i of rows of any alignment, as a float, which holds it exactly.
struct F32Elements {
    static float at(const std::byte* source, std::uint64_t i) {
        float value = 0.0F;
        std::memcpy(&value, source + i * sizeof value, sizeof value);
        return value;
    }
};
struct F16Elements {
    static float at(const std::byte* source, std::uint64_t i) {
        std::uint16_t bits = 0;
        std::memcpy(&bits, source + i * sizeof bits, sizeof bits);
        return f16_to_f32(bits);
    }
};
struct Bf16Elements {
    static float at(const std::byte* source, std::uint64_t i) {
        std::uint16_t bits = 0;
        std::memcpy(&bits, source + i * sizeof bits, sizeof bits);
        return bf16_to_f32(bits);
    }
};
struct I8Elements {
    static float at(const std::byte* source, std::uint64_t i) {
        return static_cast<float>(std::bit_cast<std::int8_t>(source[i]));
    }
};
struct U8Elements {
    static float at(const std::byte* source, std::uint64_t i) {
        return static_cast<float>(std::to_integer<std::uint8_t>(source[i]));
    }
};

// Calls use(elements) with the reader of an element type.
template <typename Use>
auto with_elements(skep_dtype dtype, Use&& use) {
    switch (dtype) {
        case SKEP_DTYPE_F16:
            return use(F16Elements{});
        case SKEP_DTYPE_BF16:
            return use(Bf16Elements{});
        case SKEP_DTYPE_I8:
            return use(I8Elements{});
        case SKEP_DTYPE_U8:
            return use(U8Elements{});
        default:
            return use(F32Elements{});
    }
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

// Turns [count] elements into bytes; false where one is not a whole number of the range. By way of
// small arrays: compilers make the most of loops over those.
template <typename Elements>
bool narrow(Elements, const std::byte* source, std::byte* target, std::uint64_t count,
            bool is_signed) {
    constexpr std::uint64_t kStep = 64;
    const float least = is_signed ? -128.0F : 0.0F;
    const float most = is_signed ? 127.0F : 255.0F;
    float values[kStep] = {};
    std::byte bytes[kStep] = {};
    for (std::uint64_t done = 0; done < count; done += kStep) {
        const std::uint64_t length = std::min(kStep, count - done);
        if (length == kStep) {
            for (std::uint64_t i = 0; i < kStep; ++i)
                values[i] = Elements::at(source, done + i);
        } else {
            for (std::uint64_t i = 0; i < length; ++i)
                values[i] = Elements::at(source, done + i);
        }
        std::int32_t num_wrong = 0;
        for (std::uint64_t i = 0; i < kStep; ++i) {
            const float value = values[i];
            const auto whole = static_cast<std::int32_t>(std::min(std::max(value, least), most));
            bytes[i] = static_cast<std::byte>(whole);
            num_wrong |= static_cast<float>(whole) != value ? 1 : 0;
        }
        if (num_wrong != 0) return false;
        std::memcpy(target + done, bytes, length);
    }
    return true;
}

}  // namespace

SearchInput::SearchInput(const FlatStore& store, const skep_matrix& queries,
                         const skep_search_request& request, const Mask* mask)
    : workers_(store.device()->workers()),
      queries_(queries),
      request_(request),
      rows_(store.snapshot()),
      allowed_bytes_(request.allowed != nullptr ? (request.allowed->num_bits + 63) / 64 * 8 : 0) {
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
    return view().dim * (is_byte_type(queries_.dtype) ? 1 : sizeof(float));
}

std::uint64_t SearchInput::source_bytes() const {
    return view().dim * element_bytes(queries_.dtype);
}

std::uint64_t SearchInput::stride_bytes() const {
    return queries_.row_stride_bytes != 0 ? queries_.row_stride_bytes : source_bytes();
}

const std::byte* SearchInput::queries_from(std::uint64_t first_query) const {
    return static_cast<const std::byte*>(queries_.data) + first_query * stride_bytes();
}

template <typename Visit>
bool SearchInput::holds_for_stretches(std::uint64_t first_query, std::uint64_t count,
                                      Visit&& visit) const {
    const std::byte* source = queries_from(first_query);
    if (stride_bytes() != source_bytes()) {
        for (std::uint64_t query = 0; query < count; ++query) {
            if (!visit(source + query * stride_bytes(), query * view().dim, view().dim))
                return false;
        }
        return true;
    }
    const std::uint64_t bytes_each = element_bytes(queries_.dtype);
    std::atomic<bool> holds{true};
    workers_.for_parts(count * source_bytes(), [&](std::uint64_t begin, std::uint64_t end) {
        if (!holds.load(std::memory_order_relaxed)) return;
        if (!visit(source + begin, begin / bytes_each, (end - begin) / bytes_each)) holds = false;
    });
    return holds;
}

void SearchInput::stage_queries(std::byte* target, std::uint64_t first_query,
                                std::uint64_t count) const {
    const std::uint64_t row_bytes = query_bytes();
    if (row_bytes != source_bytes()) {
        stage_floats(reinterpret_cast<float*>(target), first_query, count);
        return;
    }
    const std::byte* source = queries_from(first_query);
    if (stride_bytes() == row_bytes) {
        workers_.copy(target, source, count * row_bytes);
        return;
    }
    for (std::uint64_t query = 0; query < count; ++query)
        std::memcpy(target + query * row_bytes, source + query * stride_bytes(), row_bytes);
}

StagedQueries SearchInput::stage(std::byte* target, std::uint64_t first_query, std::uint64_t count,
                                 bool takes_unsigned) const {
    StagedQueries staged{};
    // Byte rows under cosine have scales, and so have their queries.
    const bool wants_bytes =
        codes_are() == kByteCodes && view().metric != kCosine && view().dim <= kMaxUnsignedDim;
    // Whole numbers against i8 rows are signed codes without a scale of their own.
    staged.has_bytes = (is_byte_type(queries_.dtype) || wants_bytes || is_signed_store()) &&
                       stage_bytes(target, first_query, count);
    if (!staged.has_bytes) stage_queries(target, first_query, count);
    if (staged.has_bytes && wants_bytes) {
        staged.codes_are = kByteCodes;
    } else if (codes_are() != kSignedCodes && takes_unsigned && view().dim <= kMaxUnsignedDim &&
               !has_negative(first_query, count)) {
        staged.codes_are = kUnsignedCodes;
    } else {
        staged.codes_are = kSignedCodes;
    }
    staged.source_is = !staged.has_bytes   ? kFloatSource
                       : is_signed_store() ? kSignedSource
                                           : kUnsignedSource;
    return staged;
}

bool SearchInput::stage_bytes(std::byte* target, std::uint64_t first_query,
                              std::uint64_t count) const {
    if (is_byte_type(queries_.dtype)) {
        stage_queries(target, first_query, count);
        return true;
    }
    return with_elements(queries_.dtype, [&](auto elements) {
        return holds_for_stretches(
            first_query, count,
            [=, this](const std::byte* source, std::uint64_t first, std::uint64_t length) {
                return narrow(elements, source, target + first, length, is_signed_store());
            });
    });
}

bool SearchInput::has_negative(std::uint64_t first_query, std::uint64_t count) const {
    if (queries_.dtype == SKEP_DTYPE_U8) return false;
    return !with_elements(queries_.dtype, [&](auto elements) {
        return holds_for_stretches(
            first_query, count, [=](const std::byte* source, std::uint64_t, std::uint64_t length) {
                return holds_below(length, [=](std::uint64_t i) {
                    return !(decltype(elements)::at(source, i) < 0.0F);
                });
            });
    });
}

void SearchInput::stage_floats(float* target, std::uint64_t first_query,
                               std::uint64_t count) const {
    if (queries_.dtype == SKEP_DTYPE_F32) {
        stage_queries(reinterpret_cast<std::byte*>(target), first_query, count);
        return;
    }
    with_elements(queries_.dtype, [&](auto elements) {
        return holds_for_stretches(
            first_query, count,
            [=](const std::byte* source, std::uint64_t first, std::uint64_t length) {
                for (std::uint64_t i = 0; i < length; ++i)
                    target[first + i] = decltype(elements)::at(source, i);
                return true;
            });
    });
}

}  // namespace skep::cuda
