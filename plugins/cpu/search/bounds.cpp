// SPDX-License-Identifier: MIT
#include "search/bounds.hpp"

#include <cmath>
#include <cstdint>
#include <limits>

namespace skep::cpu {
namespace {

constexpr double kDoubleError = 0x1p-40;
constexpr double kUnit = 0x1p-24;  // half the distance from 1 to the next float
constexpr double kLargestSquaredNorm = 0x1p120;
constexpr double kSmallestCosineSquaredNorm = 0x1p-100;
constexpr float kFloatInfinity = std::numeric_limits<float>::infinity();

// The smallest float that is not below a finite value; +infinity past the largest.
float round_up(double value) {
    constexpr double kLargest = std::numeric_limits<float>::max();
    if (value > kLargest) return kFloatInfinity;
    if (value < -kLargest) return -std::numeric_limits<float>::max();
    const float rounded = static_cast<float>(value);
    return static_cast<double>(rounded) < value ? std::nextafter(rounded, kFloatInfinity) : rounded;
}

float round_down(double value) {
    return -round_up(-value);
}

bool is_bounded(skep_metric metric, double squared_norm) {
    if (squared_norm > kLargestSquaredNorm) return false;
    return metric != SKEP_METRIC_COSINE || squared_norm == 0.0 ||
           squared_norm >= kSmallestCosineSquaredNorm;
}

}  // namespace

double relative_error(std::size_t dim) {
    return 1.05 * (static_cast<double>(dim) + 16.0) * kUnit;
}

float float_row_term(skep_metric metric, std::size_t dim, double squared_norm) {
    const bool bounded = is_bounded(metric, squared_norm);
    switch (metric) {
        case SKEP_METRIC_L2:
            if (!bounded) return kFloatInfinity;
            return round_up(squared_norm * (relative_error(dim) - 0.5) * (1.0 - kDoubleError));
        case SKEP_METRIC_INNER_PRODUCT:
            if (!bounded) return kFloatInfinity;
            return round_up(std::sqrt(squared_norm) * (1.0 + kDoubleError));
        default:
            if (!bounded) return std::numeric_limits<float>::quiet_NaN();
            // A zero row scores 0: its distance is 1.
            return squared_norm == 0.0 ? 0.0F : static_cast<float>(1.0 / std::sqrt(squared_norm));
    }
}

std::int32_t integer_row_term(skep_metric metric, std::int32_t query_shift, std::uint64_t sum,
                              double squared_norm) {
    std::int64_t term = query_shift * static_cast<std::int64_t>(sum);
    if (metric == SKEP_METRIC_L2) term -= static_cast<std::int64_t>(squared_norm) / 2;
    return static_cast<std::int32_t>(term);  // modulo 2^32, as the kernels add
}

QueryBounds::QueryBounds(skep_metric metric, std::size_t dim, double squared_norm)
    : metric_(metric),
      squared_norm_(squared_norm),
      relative_error_(relative_error(dim)),
      tiny_((static_cast<double>(dim) + 16.0) *
            (metric == SKEP_METRIC_COSINE ? 0x1p-98 : 0x1p-148)),
      is_bounded_(is_bounded(metric, squared_norm)) {
    if (metric == SKEP_METRIC_INNER_PRODUCT && is_bounded_)
        multiplier_ = round_up(1.02 * relative_error_ * std::sqrt(squared_norm));
}

float QueryBounds::float_threshold(double distance) const {
    if (!is_bounded_ || distance == std::numeric_limits<double>::infinity()) return -kFloatInfinity;
    switch (metric_) {
        case SKEP_METRIC_L2: {
            const double similarity =
                (squared_norm_ * (1.0 - kDoubleError) - distance * (1.0 + kDoubleError)) / 2.0;
            return round_down(similarity - relative_error_ * squared_norm_ / 2.0 - tiny_);
        }
        case SKEP_METRIC_INNER_PRODUCT:
            return round_down(-distance - tiny_);
        default:
            return round_down(cosine_similarity_floor(distance, relative_error_));
    }
}

std::int32_t QueryBounds::integer_threshold(double distance) const {
    constexpr double kLowest = std::numeric_limits<std::int32_t>::min();
    constexpr double kHighest = std::numeric_limits<std::int32_t>::max();
    // Exact: norms and distances of u8 vectors are integers.
    const double similarity = metric_ == SKEP_METRIC_L2
                                  ? std::ceil((squared_norm_ - distance) / 2.0)
                                  : std::ceil(-distance);
    if (!(similarity > kLowest)) return std::numeric_limits<std::int32_t>::min();
    if (similarity > kHighest) return std::numeric_limits<std::int32_t>::max();
    return static_cast<std::int32_t>(similarity);
}

float QueryBounds::scaled_integer_threshold(double distance) const {
    if (distance == std::numeric_limits<double>::infinity()) return -kFloatInfinity;
    return round_down(cosine_similarity_floor(distance, 4.0 * kUnit));
}

double QueryBounds::cosine_similarity_floor(double distance, double error) const {
    const double norm = std::sqrt(squared_norm_);
    const double similarity = 1.0 - distance - 2.0 * kDoubleError;
    const double rounding = similarity < 0.0 ? 1.0 + kDoubleError : 1.0 - kDoubleError;
    return similarity * norm * rounding - error * norm * (1.0 + kDoubleError) - tiny_;
}

}  // namespace skep::cpu
