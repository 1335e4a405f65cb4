// SPDX-License-Identifier: MIT
// Rows in host memory: parts of them, and dense copies.
#pragma once

#include <skep/skep.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace skep::cli {

// Rows first to first + count - 1; `first` rows and more exist.
[[nodiscard]] skep_matrix part_of(const skep_matrix& rows, std::uint64_t first,
                                  std::uint64_t count);

// Bytes from one row to the next.
[[nodiscard]] std::uint64_t stride_of(const skep_matrix& rows);

// Owned rows without gaps.
class DenseMatrix {
  public:
    // All zero. dtype: any of a vector file.
    DenseMatrix(skep_dtype dtype, std::uint64_t num_rows, std::uint32_t dim);

    [[nodiscard]] skep_matrix view() const;
    [[nodiscard]] skep_mutable_matrix mutable_view();

  private:
    skep_dtype dtype_;
    std::uint64_t num_rows_;
    std::uint32_t dim_;
    std::vector<std::byte> bytes_;
};

// A dense copy in which every component is rounded to the nearest of a type. Throws where one is
// out of its range.
[[nodiscard]] DenseMatrix rounded(const skep_matrix& rows, skep_dtype dtype);

// num_rows rows taken from `rows` over and over from the start, as queries of a collection of
// `collection_dtype`: the same type or f32, which holds all others exactly. i32 stays as it is, for
// the library to refuse.
[[nodiscard]] DenseMatrix dense_queries(const skep_matrix& rows, std::uint64_t num_rows,
                                        skep_dtype collection_dtype);

}  // namespace skep::cli
