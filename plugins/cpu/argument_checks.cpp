// SPDX-License-Identifier: MIT
#include "argument_checks.hpp"

#include <cstdint>

#include <fmt/format.h>

#include "skep/common/element_type.hpp"

namespace skep::cpu {
namespace {

template <typename Matrix>
Matrix checked_matrix(const Matrix* source, const char* name) {
    Matrix matrix = read_argument(source, SKEP_SIZE_THROUGH(Matrix, data), name);
    if (matrix.memory_kind != SKEP_MEMORY_HOST && matrix.memory_kind != SKEP_MEMORY_CUDA_HOST) {
        fail(SKEP_WRONG_MEMORY,
             fmt::format("{}: memory kind {}; the processor reads host memory ({} or {})", name,
                         matrix.memory_kind, int{SKEP_MEMORY_HOST}, int{SKEP_MEMORY_CUDA_HOST}));
    }
    if (matrix.reserved != 0) {
        fail(SKEP_INVALID_ARGUMENT, fmt::format("{}: reserved must be 0", name));
    }
    if (matrix.dim == 0 || matrix.dim > SKEP_MAX_DIM) {
        fail(SKEP_INVALID_DIMENSION,
             fmt::format("{}: dim {} must be 1 to {}", name, matrix.dim, SKEP_MAX_DIM));
    }
    const std::size_t element = element_bytes(matrix.dtype);
    if (element == 0) {
        fail(SKEP_INVALID_ARGUMENT, fmt::format("{}: {} is no element type", name, matrix.dtype));
    }
    const std::uint64_t row_bytes = matrix.dim * element;
    if (matrix.row_stride_bytes == 0) matrix.row_stride_bytes = row_bytes;
    if (matrix.row_stride_bytes < row_bytes) {
        fail(SKEP_INVALID_ARGUMENT,
             fmt::format("{}: row_stride_bytes {} is shorter than a row of {} bytes", name,
                         matrix.row_stride_bytes, row_bytes));
    }
    if (matrix.data == nullptr && matrix.num_rows != 0) {
        fail(SKEP_INVALID_ARGUMENT,
             fmt::format("{}: data is NULL with {} rows", name, matrix.num_rows));
    }
    return matrix;
}

}  // namespace

void fail(skep_status status, const std::string& message) {
    throw plugin::backend_error(status, message);
}

skep_matrix read_matrix(const skep_matrix* source, const char* name) {
    return checked_matrix(source, name);
}

skep_mutable_matrix read_matrix(const skep_mutable_matrix* source, const char* name) {
    return checked_matrix(source, name);
}

const skep_call* read_call(const skep_call* call, const char* name) {
    if (call == nullptr) return nullptr;
    const skep_call copy = read_argument(call, SKEP_SIZE_THROUGH(skep_call, poll), name);
    if (copy.reserved != 0 || copy.poll == nullptr) {
        fail(SKEP_INVALID_ARGUMENT,
             fmt::format("{}: reserved must be 0 and poll must not be NULL", name));
    }
    return call;
}

const skep_bitmap* read_bitmap(const skep_bitmap* source, skep_bitmap& copy, const char* name) {
    if (source == nullptr) return nullptr;
    copy = read_argument(source, SKEP_SIZE_THROUGH(skep_bitmap, words), name);
    if (copy.reserved != 0 || (copy.words == nullptr && copy.num_bits != 0)) {
        fail(SKEP_INVALID_ARGUMENT,
             fmt::format("{}: reserved must be 0 and words must not be NULL", name));
    }
    return &copy;
}

}  // namespace skep::cpu
