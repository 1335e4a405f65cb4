// SPDX-License-Identifier: MIT
#include "evaluation/exact_truth.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <cstring>

#include "support/library.hpp"
#include "support/matrix.hpp"
#include "support/posix_interrupt.hpp"
#include "support/progress_bar.hpp"
#include "support/vector_file.hpp"

namespace skep::cli {
namespace {

void check_dtype(const std::string& path, const skep_matrix& rows, skep_dtype expected) {
    if (rows.dtype == expected) return;
    throw Error(SKEP_UNSUPPORTED_TYPE,
                fmt::format("{}: holds {}, expected {}", path, skep_dtype_name(rows.dtype),
                            skep_dtype_name(expected)),
                SKEP_LAYER_CLIENT);
}

template <typename Element>
Element element_at(const skep_matrix& matrix, std::uint64_t row, std::uint32_t column) {
    Element element{};
    const auto* bytes = static_cast<const std::byte*>(matrix.data);
    std::memcpy(&element, bytes + row * stride_of(matrix) + column * sizeof element,
                sizeof element);
    return element;
}

void check_ids(const std::string& path, const skep_matrix& distances, std::uint64_t num_rows) {
    const VectorFile file(path);
    const skep_matrix& ids = file.rows();
    check_dtype(path, ids, SKEP_DTYPE_I32);
    if (ids.num_rows != distances.num_rows || ids.dim != distances.dim) {
        throw Error(SKEP_DIMENSION_MISMATCH,
                    fmt::format("{}: {} x {}, but the distances are {} x {}", path, ids.num_rows,
                                ids.dim, distances.num_rows, distances.dim),
                    SKEP_LAYER_CLIENT);
    }
    for (std::uint64_t query = 0; query < ids.num_rows; ++query) {
        for (std::uint32_t rank = 0; rank < ids.dim; ++rank) {
            const auto id = element_at<std::int32_t>(ids, query, rank);
            if (id < 0 || static_cast<std::uint64_t>(id) < num_rows) continue;
            throw Error(SKEP_INVALID_ARGUMENT,
                        fmt::format("{}: names row {} for query {}, but there are {} rows: it is "
                                    "the truth of another base set",
                                    path, id, query, num_rows),
                        SKEP_LAYER_CLIENT);
        }
    }
}

}  // namespace

ExactTruth read_truth(const std::string& ids_path, const std::string& distances_path,
                      std::uint64_t num_queries, std::uint64_t num_rows) {
    const VectorFile file(distances_path);
    const skep_matrix& distances = file.rows();
    check_dtype(distances_path, distances, SKEP_DTYPE_F32);
    if (!ids_path.empty()) check_ids(ids_path, distances, num_rows);
    if (num_queries > distances.num_rows) {
        throw Error(SKEP_DIMENSION_MISMATCH,
                    fmt::format("{}: has the truth of {} queries, {} were asked for",
                                distances_path, distances.num_rows, num_queries),
                    SKEP_LAYER_CLIENT);
    }

    ExactTruth truth;
    truth.num_queries = num_queries == 0 ? distances.num_rows : num_queries;
    truth.k = distances.dim;
    truth.distances.reserve(static_cast<std::size_t>(truth.num_queries * truth.k));
    for (std::uint64_t query = 0; query < truth.num_queries; ++query) {
        for (std::uint32_t rank = 0; rank < distances.dim; ++rank) {
            truth.distances.push_back(element_at<float>(distances, query, rank));
        }
    }
    return truth;
}

ExactTruth compute_truth(const Runtime& runtime, const skep_matrix& base,
                         const skep_matrix& queries, skep_metric metric, std::uint64_t k,
                         const Interrupt& interrupt) {
    ExactTruth truth;
    truth.num_queries = queries.num_rows;
    truth.k = k;
    const auto size = static_cast<std::size_t>(queries.num_rows * k);
    std::vector<std::uint32_t> ids(size);
    truth.distances.resize(size);
    ProgressBar bar("computing the exact truth");
    const skep_call_options control = interrupt.call_options(&bar);
    call(skep_ground_truth, runtime.get(), &base, &queries, metric, k, ids.data(),
         truth.distances.data(), &control);
    return truth;
}

}  // namespace skep::cli
