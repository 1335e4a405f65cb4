// SPDX-License-Identifier: MIT
// Checks of what crosses the backend ABI, and how failures go back over it.
#pragma once

#include <skep/backend.h>

#include <skep/common/guard.hpp>
#include <skep/common/struct_copy.hpp>
#include <string>
#include <utility>

#include "index/flat_store.hpp"
#include "skep/result.hpp"

namespace skep::cuda {

// Runs the body of an operation; what it throws or returns becomes its status and error.
template <typename Body>
skep_status guarded(skep_error* error, Body&& body) noexcept {
    return guard(error, SKEP_LAYER_BACKEND, std::forward<Body>(body));
}

Error invalid(const std::string& message);
// A stop is a status without a defect behind it.
Result<void> result_of(skep_status stop, const char* operation);

Result<void> check_host_matrix(const skep_matrix& matrix, const char* operation);
Result<void> check_shape(skep_dtype dtype, std::uint32_t dim, std::uint64_t row_stride_bytes,
                         const FlatStore& store, bool takes_f32, const char* operation);

// What a search is given, copied.
struct SearchArguments {
    skep_matrix queries;
    skep_search_request request;
    skep_search_answer answer;
    const Mask* mask;
};
Result<SearchArguments> check_search(const FlatStore& store, const skep_matrix* queries,
                                     const skep_search_request* request,
                                     const skep_search_answer* answer, const char* operation);

}  // namespace skep::cuda
