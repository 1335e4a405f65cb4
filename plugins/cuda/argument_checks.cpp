// SPDX-License-Identifier: MIT
#include "argument_checks.hpp"

#include <fmt/format.h>

#include <cstdint>

#include "handles.hpp"
#include "skep/common/element_type.hpp"

namespace skep::cuda {

Error invalid(const std::string& message) {
    return {SKEP_INVALID_ARGUMENT, message, SKEP_LAYER_BACKEND};
}

// A stop is a status without a defect behind it.
Result<void> result_of(skep_status stop, const char* operation) {
    if (stop == SKEP_OK) return {};
    return Error(stop,
                 fmt::format("{}: {}", operation,
                             stop == SKEP_DEADLINE_EXCEEDED ? "the deadline has passed"
                                                            : "stopped by the caller"),
                 SKEP_LAYER_BACKEND);
}

Result<void> check_host_matrix(const skep_matrix& matrix, const char* operation) {
    if (matrix.memory_kind != SKEP_MEMORY_HOST && matrix.memory_kind != SKEP_MEMORY_CUDA_HOST) {
        return Error(SKEP_WRONG_MEMORY,
                     fmt::format("{}: the matrix lies in memory of kind {}; this backend reads "
                                 "host memory",
                                 operation, matrix.memory_kind),
                     SKEP_LAYER_BACKEND);
    }
    if (matrix.num_rows != 0 && matrix.data == nullptr) {
        return invalid(fmt::format("{}: {} rows and no data", operation, matrix.num_rows));
    }
    return {};
}

Result<void> check_shape(skep_dtype dtype, std::uint32_t dim, std::uint64_t row_stride_bytes,
                         const FlatStore& store, bool takes_f32, const char* operation) {
    if (dtype != store.dtype() && !(takes_f32 && dtype == SKEP_DTYPE_F32)) {
        return Error(
            SKEP_UNSUPPORTED_TYPE,
            fmt::format("{}: element type {} for rows of type {}", operation, dtype, store.dtype()),
            SKEP_LAYER_BACKEND);
    }
    if (dim != store.dim()) {
        return Error(SKEP_DIMENSION_MISMATCH,
                     fmt::format("{}: dim {} for rows of dim {}", operation, dim, store.dim()),
                     SKEP_LAYER_BACKEND);
    }
    const std::uint64_t row_bytes = dim * skep::element_bytes(dtype);
    if (row_stride_bytes != 0 && row_stride_bytes < row_bytes) {
        return invalid(fmt::format("{}: row stride {} is less than a row of {} bytes", operation,
                                   row_stride_bytes, row_bytes));
    }
    return {};
}

namespace {

Result<void> check_request(const FlatStore& store, const skep_search_request& request,
                           const skep_search_answer& answer, const char* operation) {
    if (request.k == 0 || request.k > SKEP_MAX_ROWS) {
        return Error(SKEP_INVALID_K,
                     fmt::format("{}: k {} is not 1 to {}", operation, request.k, SKEP_MAX_ROWS),
                     SKEP_LAYER_BACKEND);
    }
    if (request.num_slots > store.num_slots()) {
        return invalid(fmt::format("{}: {} slots asked, {} there are", operation, request.num_slots,
                                   store.num_slots()));
    }
    if (request.first_slot > request.num_slots) {
        return invalid(fmt::format("{}: first_slot {} of {} slots", operation, request.first_slot,
                                   request.num_slots));
    }
    if (answer.memory_kind != SKEP_MEMORY_HOST && answer.memory_kind != SKEP_MEMORY_CUDA_HOST) {
        return Error(SKEP_WRONG_MEMORY,
                     fmt::format("{}: answers are asked in memory of kind {}; host memory is "
                                 "needed",
                                 operation, answer.memory_kind),
                     SKEP_LAYER_BACKEND);
    }
    return {};
}

}  // namespace

Result<SearchArguments> check_search(const FlatStore& store, const skep_matrix* queries,
                                     const skep_search_request* request,
                                     const skep_search_answer* answer, const char* operation) {
    if (queries == nullptr || request == nullptr || answer == nullptr) {
        return invalid(fmt::format("{}: queries, request and answer are required", operation));
    }
    SearchArguments given{read_struct(queries), read_struct(request), read_struct(answer), nullptr};
    const skep_matrix& matrix = given.queries;
    if (auto ok = check_host_matrix(matrix, operation); !ok) return ok.error();
    if (auto ok =
            check_shape(matrix.dtype, matrix.dim, matrix.row_stride_bytes, store, true, operation);
        !ok) {
        return ok.error();
    }
    if (auto ok = check_request(store, given.request, given.answer, operation); !ok)
        return ok.error();
    if (matrix.num_rows != 0 &&
        (given.answer.slots == nullptr || given.answer.distances == nullptr)) {
        return invalid(fmt::format("{}: slots and distances are required", operation));
    }
    if (given.request.mask != nullptr) given.mask = &given.request.mask->mask;
    return given;
}

}  // namespace skep::cuda
