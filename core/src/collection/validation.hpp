// SPDX-License-Identifier: MIT
// What a collection accepts from outside. Every check names the operation, the value and what was
// expected.
#pragma once

#include <skep/host_services.h>
#include <skep/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "skep/common/element_type.hpp"
#include "skep/result.hpp"

namespace skep {

// An Error of the caller's making.
[[nodiscard]] Error client_error(skep_status status, const std::string& message);

// "f32"; for messages.
[[nodiscard]] const char* dtype_text(skep_dtype dtype) noexcept;

// Whether the processor can read that memory as it is.
[[nodiscard]] bool is_host_memory(skep_memory_kind kind) noexcept;

// Bytes from one row to the next.
[[nodiscard]] inline std::uint64_t row_stride(const skep_matrix& matrix) noexcept {
    return matrix.row_stride_bytes != 0 ? matrix.row_stride_bytes
                                        : matrix.dim * element_bytes(matrix.dtype);
}

// Which memory a matrix may lie in.
struct MemoryRules {
    skep_memory_kind device_kind = SKEP_MEMORY_HOST;  // a device's own, if it takes matrices there
    std::int32_t device_id = 0;
};

// Row length, stride, size, pointer and memory of a matrix; the type is the caller's to check.
// A matrix without rows has no row of a wrong length. `what` is "rows" or "queries".
Result<void> check_matrix(const char* operation, const char* what, const skep_matrix& matrix,
                          std::uint32_t dim, const MemoryRules& memory);

struct ComponentPosition {
    std::uint64_t row = 0;
    std::uint64_t component = 0;
};
// The first NaN or infinity of a matrix in host memory. A large one is shared with the workers of
// `host`; null: the calling thread looks alone.
[[nodiscard]] std::optional<ComponentPosition> find_not_finite(
    const skep_matrix& matrix, const skep_host_services* host) noexcept;
// The same as an Error: "add: row 3 component 7 is NaN; components must be finite".
Result<void> check_finite(const char* operation, const char* row_word, const skep_matrix& matrix,
                          const skep_host_services* host);

// Offsets that never fall, and bytes where they say that there are some.
Result<void> check_byte_list(const char* operation, const char* what,
                             const skep_byte_list_view& list);

// a * b, or SKEP_LIMIT_EXCEEDED with the names of both.
Result<std::uint64_t> checked_product(const char* operation, const char* what, std::uint64_t a,
                                      std::uint64_t b);

}  // namespace skep
