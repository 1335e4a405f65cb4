// SPDX-License-Identifier: MIT
// Vector files, conversion, exact ground truth and recall.
#pragma once

#include <skep/evaluation.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "skep/cxx/call.hpp"
#include "skep/cxx/call_options.hpp"
#include "skep/cxx/matrix.hpp"
#include "skep/cxx/runtime.hpp"

namespace skep {
inline namespace cxx {

// An opened vector file. Its rows are mapped, and valid while it is open.
class Vectors {
  public:
    static Result<Vectors> open(const std::string &path) {
        skep_vectors *handle = nullptr;
        auto made = detail::call(skep_vectors_open, path.c_str(), &handle);
        if (!made) return made.error();
        Vectors vectors(handle);
        vectors.rows_.struct_size = sizeof vectors.rows_;
        auto done = detail::call(skep_vectors_view, handle, &vectors.rows_);
        if (!done) return done.error();
        return vectors;
    }
    [[nodiscard]] const skep_matrix &rows() const noexcept { return rows_; }

  private:
    explicit Vectors(skep_vectors *handle) : handle_(handle) {}
    detail::Owned<skep_vectors, skep_vectors_close> handle_;
    skep_matrix rows_{};
};

// Writes rows in the format of path's extension.
inline Result<void> write_vectors(const std::string &path, const skep_matrix &rows,
                                  const CallOptions &call = {}) {
    const detail::CallArgument control(call);
    return detail::call(skep_vectors_write, path.c_str(), &rows, control.get());
}

// Rows as another element type, rounded to its nearest value, ties to even.
inline Result<Matrix> convert(const skep_matrix &rows, skep_dtype dtype) {
    Matrix converted(dtype, rows.num_rows, rows.dim);
    const skep_mutable_matrix target = converted.mutable_view();
    auto done = detail::call(skep_vectors_convert, &rows, &target);
    if (!done) return done.error();
    return converted;
}

// The true nearest rows, [num_queries, k]; padded with SKEP_NO_ROW and +infinity.
struct GroundTruth {
    std::vector<std::uint32_t> ids;
    std::vector<float> distances;
};

// The k nearest base rows of each query by a plain double-precision scan.
inline Result<GroundTruth> ground_truth(const Runtime &runtime, const skep_matrix &base,
                                        const skep_matrix &queries, skep_metric metric,
                                        std::uint64_t k, const CallOptions &call = {}) {
    GroundTruth truth;
    if (k != 0 && queries.num_rows > std::numeric_limits<std::size_t>::max() / k) {
        return Error(SKEP_LIMIT_EXCEEDED, "ground_truth: num_queries * k does not fit in memory",
                     SKEP_LAYER_CLIENT);
    }
    truth.ids.resize(static_cast<std::size_t>(queries.num_rows * k));
    truth.distances.resize(truth.ids.size());
    const detail::CallArgument control(call);
    auto done = detail::call(skep_ground_truth, runtime.get(), &base, &queries, metric, k,
                             truth.ids.data(), truth.distances.data(), control.get());
    if (!done) return done.error();
    return truth;
}

// Share of the true k nearest that was found, averaged over queries; see skep_recall. found_keys,
// found_distances: [num_queries, k]; true_distances: [num_queries, truth_k].
inline Result<double> recall(std::uint64_t num_queries, std::uint64_t k,
                             const std::vector<std::uint64_t> &found_keys,
                             const std::vector<float> &found_distances, std::uint64_t truth_k,
                             const std::vector<float> &true_distances) {
    const auto holds = [num_queries](std::size_t size, std::uint64_t width) {
        return width == 0 || (size % width == 0 && size / width == num_queries);
    };
    if (!holds(found_keys.size(), k) || !holds(found_distances.size(), k) ||
        !holds(true_distances.size(), truth_k)) {
        return Error(SKEP_INVALID_ARGUMENT,
                     "recall: lists of " + std::to_string(found_keys.size()) + " keys, " +
                         std::to_string(found_distances.size()) + " distances and " +
                         std::to_string(true_distances.size()) +
                         " true distances; expected num_queries * k, the same and num_queries * "
                         "truth_k",
                     SKEP_LAYER_CLIENT);
    }
    double share = 0;
    auto done = detail::call(skep_recall, num_queries, k, found_keys.data(), found_distances.data(),
                             truth_k, true_distances.data(), &share);
    if (!done) return done.error();
    return share;
}

}  // namespace cxx
}  // namespace skep
