// SPDX-License-Identifier: MIT
#include "collection/validation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "skep/common/element_type.hpp"
#include "skep/common/parallel_parts.hpp"

namespace skep {
namespace {

// "NaN", "+infinity" or "-infinity"; the component is known to be one of them.
const char* describe_not_finite(skep_dtype dtype, const std::byte* component) noexcept {
    float value = 0;
    if (dtype == SKEP_DTYPE_F32) {
        std::memcpy(&value, component, sizeof value);
    } else {
        std::uint16_t bits = 0;
        std::memcpy(&bits, component, sizeof bits);
        value = dtype == SKEP_DTYPE_F16 ? f16_to_f32(bits) : bf16_to_f32(bits);
    }
    if (std::isnan(value)) return "NaN";
    return value < 0 ? "-infinity" : "+infinity";
}

const std::byte* row_bytes(const skep_matrix& matrix, std::uint64_t row) noexcept {
    return static_cast<const std::byte*>(matrix.data) + row * row_stride(matrix);
}

// The first row with a NaN or an infinity among `count` rows from `begin` on.
std::optional<std::uint64_t> find_not_finite_among(const skep_matrix& matrix, std::uint64_t begin,
                                                   std::uint64_t count) noexcept {
    // Rows without gaps between them are one run.
    const bool is_dense = row_stride(matrix) == matrix.dim * element_bytes(matrix.dtype);
    const std::uint64_t rows_per_run = is_dense ? count : 1;
    const std::uint64_t run_length = rows_per_run * matrix.dim;
    for (std::uint64_t row = begin; row < begin + count; row += rows_per_run) {
        const std::size_t found =
            first_not_finite(matrix.dtype, row_bytes(matrix, row), run_length);
        if (found != run_length) return row + found / matrix.dim;
    }
    return std::nullopt;
}

}  // namespace

Error client_error(skep_status status, const std::string& message) {
    return Error(status, message, SKEP_LAYER_CLIENT);
}

const char* dtype_text(skep_dtype dtype) noexcept {
    switch (dtype) {
        case SKEP_DTYPE_F32:
            return "f32";
        case SKEP_DTYPE_F16:
            return "f16";
        case SKEP_DTYPE_BF16:
            return "bf16";
        case SKEP_DTYPE_I8:
            return "i8";
        case SKEP_DTYPE_U8:
            return "u8";
        case SKEP_DTYPE_I32:
            return "i32";
        default:
            return "an unknown type";
    }
}

bool is_host_memory(skep_memory_kind kind) noexcept {
    return kind == SKEP_MEMORY_HOST || kind == SKEP_MEMORY_CUDA_HOST;
}

Result<void> check_matrix(const char* operation, const char* what, const skep_matrix& matrix,
                          std::uint32_t dim, const MemoryRules& memory) {
    if (matrix.reserved != 0) {
        return client_error(SKEP_INVALID_ARGUMENT, fmt::format("{}: {}.reserved is {}; expected 0",
                                                               operation, what, matrix.reserved));
    }
    const bool is_own_memory =
        matrix.memory_kind == memory.device_kind && matrix.memory_device_id == memory.device_id;
    if (!is_host_memory(matrix.memory_kind) && !is_own_memory) {
        return client_error(
            SKEP_WRONG_MEMORY,
            fmt::format(
                "{}: {} lie in memory of kind {}, device {}; expected host memory{}", operation,
                what, matrix.memory_kind, matrix.memory_device_id,
                is_host_memory(memory.device_kind)
                    ? std::string()
                    : fmt::format(" or kind {}, device {}", memory.device_kind, memory.device_id)));
    }
    if (matrix.num_rows == 0) return {};
    if (matrix.dim != dim) {
        return client_error(SKEP_DIMENSION_MISMATCH,
                            fmt::format("{}: {} have {} components; expected {}", operation, what,
                                        matrix.dim, dim));
    }
    if (matrix.data == nullptr) {
        return client_error(
            SKEP_INVALID_ARGUMENT,
            fmt::format("{}: {}.data is NULL; expected {} rows", operation, what, matrix.num_rows));
    }
    const std::uint64_t dense_bytes = dim * element_bytes(matrix.dtype);
    if (row_stride(matrix) < dense_bytes) {
        return client_error(SKEP_INVALID_ARGUMENT,
                            fmt::format("{}: {}.row_stride_bytes is {}; expected 0 or at least {}",
                                        operation, what, matrix.row_stride_bytes, dense_bytes));
    }
    const Result<std::uint64_t> total =
        checked_product(operation, "bytes of the matrix", matrix.num_rows, row_stride(matrix));
    if (!total) return total.error();
    return {};
}

std::optional<ComponentPosition> find_not_finite(const skep_matrix& matrix,
                                                 const skep_host_services* host) noexcept {
    // Some 15 us of one core: above what waking a worker costs.
    constexpr std::uint64_t kPartBytes = 128 * 1024;
    if (matrix.num_rows == 0) return std::nullopt;
    const auto position_in = [&](std::uint64_t row) {
        return ComponentPosition{
            row, first_not_finite(matrix.dtype, row_bytes(matrix, row), matrix.dim)};
    };
    if (matrix.num_rows * row_stride(matrix) <= kPartBytes) {
        const auto row = find_not_finite_among(matrix, 0, matrix.num_rows);
        return row ? std::optional(position_in(*row)) : std::nullopt;
    }
    const std::uint64_t rows_per_part =
        std::max<std::uint64_t>(kPartBytes / (matrix.dim * element_bytes(matrix.dtype)), 1);
    std::atomic<std::uint64_t> first_row = matrix.num_rows;
    const auto look_at_part = [&](std::uint64_t begin, std::uint64_t end) {
        if (begin >= first_row.load(std::memory_order_relaxed)) return;
        const auto found = find_not_finite_among(matrix, begin, end - begin);
        if (!found) return;
        std::uint64_t first = first_row.load(std::memory_order_relaxed);
        while (*found < first && !first_row.compare_exchange_weak(first, *found)) {
        }
    };
    if (host != nullptr) {
        for_parts(*host, matrix.num_rows, rows_per_part, look_at_part);
    } else {
        look_at_part(0, matrix.num_rows);
    }
    const std::uint64_t row = first_row;
    if (row == matrix.num_rows) return std::nullopt;
    return position_in(row);
}

Result<void> check_finite(const char* operation, const char* row_word, const skep_matrix& matrix,
                          const skep_host_services* host) {
    const std::optional<ComponentPosition> found = find_not_finite(matrix, host);
    if (!found) return {};
    const std::byte* const component =
        row_bytes(matrix, found->row) + found->component * element_bytes(matrix.dtype);
    return client_error(
        SKEP_NOT_FINITE,
        fmt::format("{}: {} {} component {} is {}; components must be finite", operation, row_word,
                    found->row, found->component, describe_not_finite(matrix.dtype, component)));
}

Result<void> check_byte_list(const char* operation, const char* what,
                             const skep_byte_list_view& list) {
    if (list.count == 0) return {};
    if (list.offsets == nullptr) {
        return client_error(SKEP_INVALID_ARGUMENT,
                            fmt::format("{}: {}.offsets is NULL; expected {} + 1 offsets",
                                        operation, what, list.count));
    }
    for (std::uint64_t item = 0; item < list.count; ++item) {
        if (list.offsets[item] > list.offsets[item + 1]) {
            return client_error(
                SKEP_INVALID_ARGUMENT,
                fmt::format("{}: {}.offsets falls from {} to {} at item {}; expected offsets that "
                            "never fall",
                            operation, what, list.offsets[item], list.offsets[item + 1], item));
        }
    }
    if (list.bytes == nullptr && list.offsets[list.count] != list.offsets[0]) {
        return client_error(SKEP_INVALID_ARGUMENT,
                            fmt::format("{}: {}.bytes is NULL; expected {} bytes", operation, what,
                                        list.offsets[list.count] - list.offsets[0]));
    }
    return {};
}

Result<std::uint64_t> checked_product(const char* operation, const char* what, std::uint64_t a,
                                      std::uint64_t b) {
    std::uint64_t product = 0;
    if (__builtin_mul_overflow(a, b, &product) ||
        product > static_cast<std::uint64_t>(PTRDIFF_MAX)) {
        return client_error(
            SKEP_LIMIT_EXCEEDED,
            fmt::format("{}: {}: {} times {} exceeds the address space", operation, what, a, b));
    }
    return product;
}

}  // namespace skep
