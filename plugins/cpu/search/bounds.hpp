// SPDX-License-Identifier: MIT
// Why the filter loses no row: upper bounds on similarities, and thresholds derived from distances.
//
// Let S be the similarity of kernel_table.hpp, D the distance of distance.hpp as computed in
// double, u = 2^-24, n = dim. A kernel computes U in float. For every row whose D is at most a
// bound T, U must not be less than the threshold that belongs to T. Norms are those of the row,
// |x|, and of the query, |q|; g = 1.05 (n + 16) u.
//
// Double. Sums of 65 536 terms in 16 partial sums have relative error below 4 104 * 2^-53 < 2^-40
// (of the sum of absolute values, which Cauchy-Schwarz bounds by |q||x|). So
//     l2             D <= T  implies  |q-x|^2 <= T (1 + 2^-40)
//     inner product  D <= T  implies  q.x >= -T - 2^-40 |q||x|
//     cosine         D <= T  implies  q.x / (|q||x|) >= 1 - T - 2^-39
// and squared norms are known within a factor 1 +- 2^-40.
//
// Float. A sum of m products, in any order, fused or not, differs from the true one by at most
// m u / (1 - m u) times the sum of absolute values, plus 2^-149 for each product and addition that
// underflows. With m <= n + 4 (one term, and up to three roundings of a scaled row) this is less
// than (g - 11 u) times that sum, plus tiny = (n + 16) 2^-148.
//
// l2: U = fl(q.x + r), r the row's term. Its error is at most g (|q||x| + |r|) <= g (|q|^2/2 +
//   |x|^2/2 + |x|^2/2) since ab <= (a^2 + b^2)/2 and |r| <= |x|^2/2. With r = -|x|^2/2 + g |x|^2
//   rounded up, U + g |q|^2/2 >= S; and S >= (|q|^2 - T)/2.
// inner product: U = fl(q.x + m |x|), m = 1.02 g |q| rounded up. Its error is at most g (|q||x| +
//   m |x|), less than m |x| as g < 0.005; what is left covers the double error.
// cosine: U = fl(q . x/|x|) or fl(q.x) / |x|: error at most g |q|, and S >= (1 - T) |q|. The
//   underflow of an unscaled sum is multiplied by 1/|x|, at most 2^50.
// Whatever a bound adds is rounded up, thresholds are rounded down. The gap between g and what is
// needed (11 u and more) covers the roundings of norms and of these few double operations.
//
// Integers: U is S rounded up to an integer, so its threshold is that of S rounded up likewise. For
//   cosine, float(q.x) / |x| takes three roundings: an error of at most 4 u |q|.
//
// Unbounded rows and queries: where squared norms pass 2^120, or for cosine fall below 2^-100 (but
// for zero), float sums may overflow or lose everything. Such a row's term is +infinity (cosine:
// NaN), which makes its U +infinity or NaN, which every comparison lets through; such a query's
// threshold is -infinity. They are scanned in double: right, only slow.
#pragma once

#include <skep/types.h>

#include <cstddef>
#include <cstdint>

namespace skep::cpu {

// g above.
[[nodiscard]] double relative_error(std::size_t dim);

// What kernels combine with a row's dot product; see kernel_table.hpp.
[[nodiscard]] float float_row_term(skep_metric metric, std::size_t dim, double squared_norm);

// The integer term of a u8 row. sum: of its elements. query_shift: of the kernels.
[[nodiscard]] std::int32_t integer_row_term(skep_metric metric, std::int32_t query_shift,
                                            std::uint64_t sum, double squared_norm);

// What one query contributes to its scores.
class QueryBounds {
  public:
    QueryBounds() = default;
    QueryBounds(skep_metric metric, std::size_t dim, double squared_norm);

    // Factor of the row term in the float score.
    [[nodiscard]] float multiplier() const { return multiplier_; }

    // Thresholds of rows with distance at most `distance`, which may be +infinity.
    [[nodiscard]] float float_threshold(double distance) const;
    // l2 and inner product of integers.
    [[nodiscard]] std::int32_t integer_threshold(double distance) const;
    // Cosine of integers.
    [[nodiscard]] float scaled_integer_threshold(double distance) const;

  private:
    [[nodiscard]] double cosine_similarity_floor(double distance, double error) const;

    skep_metric metric_ = SKEP_METRIC_L2;
    double squared_norm_ = 0.0;
    double relative_error_ = 0.0;
    double tiny_ = 0.0;
    float multiplier_ = 1.0F;
    bool is_bounded_ = true;
};

}  // namespace skep::cpu
