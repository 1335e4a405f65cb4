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
// Codes: a row x is coded as x' = s (c - z), bytes c, an integer z in 0..255 and a float s of its
//   own; a query q as q' = t d with signed bytes d. With residuals e >= |x - x'| and f = |q - q'|,
//       q.x = q'.x' + q'.(x - x') + (q - q').x <= t s (d.c - z sum(d)) + |q'| e + f |x|.
//   For l2, f |x| <= p |x|^2/2 + f^2/(2 p) for any p > 0; p = f/|q| loses nothing where |x| = |q|,
//   as it is near a neighbour. So, divided by t, for every metric
//       U = s (d.c - z sum(d)) + A e + C r
//   with r the float term, A >= (|q'| + f)/t, and C = (1 - p)/t for l2, where r is near -|x|^2/2;
//   C = f/t for inner product, where r is |x|; C = 0 for cosine, where s and e are divided by |x|
//   and f is taken off the threshold. Thresholds lose f^2/(2 p) for l2 and are divided by t.
//   The integer is exact; converting it and the float operations err by at most 8 u of each
//   product. e is raised by 2^-19 |x| = 32 u |x|, which A makes more than 8 u (|q'||x'| + |q||x|);
//   factors 1 + 2^-19 on A and C cover A e and C |x|; for l2 the g |x|^2 in r covers 8 u C |r|.
//   Thresholds lose another 2^-140 for what underflows. Rows past 2^40 in norm have e = +infinity,
//   so that they survive; queries outside 2^-40 to 2^40 are not coded, so that nothing overflows.
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

// What a coded row has besides its codes.
struct RowCode {
    float scale;
    float residual;
    std::int32_t int_term;  // minus the zero point
};

// Codes a row of floats, which may be unaligned. codes: [dim].
[[nodiscard]] RowCode encode_row(skep_metric metric, const void* row, std::size_t dim,
                                 double squared_norm, std::uint8_t* codes);

// What a row of integers 0..255 has besides, which are its own codes: the zero point is 0.
[[nodiscard]] RowCode integer_row_code(skep_metric metric, double squared_norm);

// What a coded query has besides its codes.
struct QueryCode {
    double scale = 1.0;
    double norm = 0.0;      // |q'|
    double residual = 0.0;  // |q - q'|
    std::int32_t sum = 0;   // of the codes
};

// Whether a query of this largest magnitude can be coded.
[[nodiscard]] bool is_codable_query(double largest_magnitude);

// Codes a query that can be. codes: [dim].
[[nodiscard]] QueryCode encode_query(const double* query, std::size_t dim, std::int8_t* codes);

// g above.
[[nodiscard]] double relative_error(std::size_t dim);

// What kernels combine with a row's dot product; see kernel_table.hpp.
[[nodiscard]] float float_row_term(skep_metric metric, std::size_t dim, double squared_norm);

// The integer term of a row of bytes. sum: of its elements. query_shift: of the kernels.
[[nodiscard]] std::int32_t integer_row_term(skep_metric metric, std::int32_t query_shift,
                                            std::int64_t sum, double squared_norm);

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
    friend class CodedQueryBounds;

    // The least similarity of a row at most so far away.
    [[nodiscard]] double similarity_floor(double distance) const;
    [[nodiscard]] double cosine_similarity_floor(double distance, double error) const;

    skep_metric metric_ = SKEP_METRIC_L2;
    double squared_norm_ = 0.0;
    double relative_error_ = 0.0;
    double tiny_ = 0.0;
    float multiplier_ = 1.0F;
    bool is_bounded_ = true;
};

// The same for scores of codes.
class CodedQueryBounds {
  public:
    CodedQueryBounds() = default;
    CodedQueryBounds(const QueryBounds& bounds, const QueryCode& code);

    [[nodiscard]] std::int32_t sum() const { return sum_; }
    // t above.
    [[nodiscard]] double scale() const { return scale_; }
    // A and C above.
    [[nodiscard]] float residual_multiplier() const { return residual_multiplier_; }
    [[nodiscard]] float multiplier() const { return multiplier_; }
    [[nodiscard]] float threshold(const QueryBounds& bounds, double distance) const;

  private:
    std::int32_t sum_ = 0;
    float residual_multiplier_ = 0.0F;
    float multiplier_ = 0.0F;
    double scale_ = 1.0;
    double loss_ = 0.0;  // what the threshold loses before it is divided by the scale
};

}  // namespace skep::cpu
