// SPDX-License-Identifier: MIT
// skep_ground_truth and skep_recall: what a search is judged by.
#include <cstdint>

#include <fmt/format.h>
#include <skep/evaluation.h>

#include "api/arguments.hpp"
#include "collection/validation.hpp"
#include "eval/ground_truth.hpp"
#include "eval/recall.hpp"
#include "runtime/runtime.hpp"
#include "skep/common/guard.hpp"

namespace skep {
namespace {

// `name`: "base" or "queries".
skep_matrix read_matrix(const Arguments& arguments, const skep_matrix* pointer, const char* name) {
    const skep_matrix matrix = arguments.read(pointer, SKEP_SIZE_THROUGH(skep_matrix, data), name);
    if (element_bytes(matrix.dtype) == 0 || matrix.dtype == SKEP_DTYPE_I32) {
        throw arguments.error(
            SKEP_UNSUPPORTED_TYPE,
            fmt::format("{}.dtype is {}; expected f32, f16, bf16, i8 or u8", name,
                        matrix.dtype == SKEP_DTYPE_I32 ? "i32" : std::to_string(matrix.dtype)));
    }
    if (matrix.num_rows != 0 && (matrix.dim == 0 || matrix.dim > SKEP_MAX_DIM)) {
        throw arguments.error(SKEP_INVALID_DIMENSION, fmt::format("{}.dim is {}; expected 1 to {}",
                                                                  name, matrix.dim, SKEP_MAX_DIM));
    }
    return matrix;
}

}  // namespace
}  // namespace skep

skep_status skep_ground_truth(skep_runtime* runtime, const skep_matrix* base,
                              const skep_matrix* queries, skep_metric metric, uint64_t k,
                              uint32_t* ids, float* distances, const skep_call_options* call,
                              skep_error* error) {
    return skep::guard(error, SKEP_LAYER_CLIENT, [&]() -> skep::Result<void> {
        const skep::Arguments arguments("skep_ground_truth");
        arguments.require(runtime, "runtime");
        const skep_matrix base_rows = skep::read_matrix(arguments, base, "base");
        const skep_matrix query_rows = skep::read_matrix(arguments, queries, "queries");
        arguments.require_between(metric, SKEP_METRIC_COSINE, SKEP_METRIC_INNER_PRODUCT, "metric");
        if (k == 0) throw arguments.error(SKEP_INVALID_K, "k is 0; expected 1 or more");
        if (base_rows.num_rows > SKEP_MAX_ROWS) {
            throw arguments.error(SKEP_LIMIT_EXCEEDED,
                                  fmt::format("base has {} rows; expected at most {}",
                                              base_rows.num_rows, SKEP_MAX_ROWS));
        }
        const std::uint32_t dim = base_rows.num_rows != 0 ? base_rows.dim : query_rows.dim;
        skep::check_matrix(arguments.function(), "base", base_rows, dim, {}).value();
        skep::check_matrix(arguments.function(), "queries", query_rows, dim, {}).value();
        skep::checked_product(arguments.function(), "answers", query_rows.num_rows, k).value();
        if (query_rows.num_rows == 0) return {};
        arguments.require(ids, "ids");
        arguments.require(distances, "distances");
        skep::check_finite(arguments.function(), "base row", base_rows, nullptr).value();
        skep::check_finite(arguments.function(), "query", query_rows, nullptr).value();
        const auto control = skep::CallControl::create(call);
        return skep::compute_ground_truth(runtime->runtime->services(), base_rows, query_rows,
                                          metric, k, ids, distances, *control.value());
    });
}

skep_status skep_recall(uint64_t num_queries, uint64_t k, const uint64_t* found_keys,
                        const float* found_distances, uint64_t truth_k, const float* true_distances,
                        double* out, skep_error* error) {
    return skep::guard(error, SKEP_LAYER_CLIENT, [&]() -> skep::Result<void> {
        const skep::Arguments arguments("skep_recall");
        arguments.require(found_keys, "found_keys");
        arguments.require(found_distances, "found_distances");
        arguments.require(true_distances, "true_distances");
        arguments.require(out, "out");
        if (num_queries == 0) throw arguments.invalid("num_queries is 0; expected 1 or more");
        if (k == 0) throw arguments.error(SKEP_INVALID_K, "k is 0; expected 1 or more");
        if (truth_k < k) {
            throw arguments.error(
                SKEP_INVALID_K,
                fmt::format("truth_k is {}; expected at least k, which is {}", truth_k, k));
        }
        skep::checked_product(arguments.function(), "true distances", num_queries, truth_k).value();
        *out = skep::compute_recall(num_queries, k, found_keys, found_distances, truth_k,
                                    true_distances)
                   .value();
        return {};
    });
}
