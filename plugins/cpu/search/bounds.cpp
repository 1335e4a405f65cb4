// SPDX-License-Identifier: MIT
#include "search/bounds.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

namespace skep::cpu {
namespace {

constexpr double kDoubleError = 0x1p-40;
constexpr double kUnit = 0x1p-24;  // half the distance from 1 to the next float
constexpr double kLargestSquaredNorm = 0x1p120;
constexpr double kSmallestCosineSquaredNorm = 0x1p-100;
// Rows and queries that are coded; see "Codes".
constexpr double kLargestCodedSquaredNorm = 0x1p80;
constexpr double kLargestCodedComponent = 0x1p40;
constexpr double kSmallestCodedComponent = 0x1p-40;
constexpr double kRowCodeError = 0x1p-19;
constexpr double kCodedTiny = 0x1p-140;
constexpr double kLargestByte = 255.0;
constexpr double kLargestQueryCode = 127.0;
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

// Adds squares in sums that the compiler may keep side by side.
class SquareSum {
  public:
    void add(std::size_t i, double value) { sums_[i % kNumSums] += value * value; }
    [[nodiscard]] double total() const {
        double total = 0.0;
        for (const double sum : sums_)
            total += sum;
        return total;
    }

  private:
    static constexpr std::size_t kNumSums = 8;
    double sums_[kNumSums] = {};
};

// To the nearest integer, for magnitudes below 2^22; without a call, unlike std::nearbyint.
float nearest(float value) {
    constexpr float kShift = 0x1.8p23F;
    return value + kShift - kShift;
}

double nearest(double value) {
    constexpr double kShift = 0x1.8p52;
    return value + kShift - kShift;
}

float component(const void* row, std::size_t i) {
    float value;
    std::memcpy(&value, static_cast<const char*>(row) + i * sizeof value, sizeof value);
    return value;
}

// What a kernel is told of a row with this scale, squared residual and int term.
RowCode row_code(skep_metric metric, double squared_norm, float scale, double squared_residual,
                 std::int32_t int_term) {
    const double norm = std::sqrt(squared_norm);
    const double error = std::sqrt(squared_residual) * (1.0 + kRowCodeError) + norm * kRowCodeError;
    const double divisor = metric == SKEP_METRIC_COSINE && norm > 0.0 ? norm : 1.0;
    return {static_cast<float>(static_cast<double>(scale) / divisor), round_up(error / divisor),
            int_term};
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

std::int32_t integer_row_term(skep_metric metric, std::int32_t query_shift, std::int64_t sum,
                              double squared_norm) {
    std::int64_t term = query_shift * sum;
    if (metric == SKEP_METRIC_L2) term -= static_cast<std::int64_t>(squared_norm) / 2;
    return static_cast<std::int32_t>(term);  // modulo 2^32, as the kernels add
}

RowCode encode_row(skep_metric metric, const void* row, std::size_t dim, double squared_norm,
                   std::uint8_t* codes) {
    if (!is_bounded(metric, squared_norm) || squared_norm > kLargestCodedSquaredNorm) {
        std::memset(codes, 0, dim);
        return {0.0F, kFloatInfinity, 0};
    }
    // Zero is kept within the range, so that the zero point is a byte.
    float lowest = 0.0F;
    float highest = 0.0F;
    for (std::size_t i = 0; i < dim; ++i) {
        lowest = std::min(lowest, component(row, i));
        highest = std::max(highest, component(row, i));
    }
    const double range = static_cast<double>(highest) - static_cast<double>(lowest);
    // Rows of tiny components are coded as zero rows.
    const bool is_tiny = range < 0x1p-100;
    const float scale = is_tiny ? 0.0F : static_cast<float>(range / kLargestByte);
    const float inverse = is_tiny ? 0.0F : 1.0F / scale;
    const float zero_point = nearest(-lowest * inverse);
    SquareSum residual;
    for (std::size_t i = 0; i < dim; ++i) {
        const float value = component(row, i);
        const float code = std::clamp(nearest(value * inverse) + zero_point, 0.0F, 255.0F);
        codes[i] = static_cast<std::uint8_t>(code);
        residual.add(i, static_cast<double>(value) -
                            static_cast<double>(scale) * static_cast<double>(code - zero_point));
    }
    return row_code(metric, squared_norm, scale, residual.total(),
                    -static_cast<std::int32_t>(zero_point));
}

RowCode integer_row_code(skep_metric metric, double squared_norm) {
    return row_code(metric, squared_norm, 1.0F, 0.0, 0);
}

bool is_codable_query(double largest_magnitude) {
    return largest_magnitude == 0.0 || (largest_magnitude >= kSmallestCodedComponent &&
                                        largest_magnitude <= kLargestCodedComponent);
}

QueryCode encode_query(const double* query, std::size_t dim, std::int8_t* codes) {
    double largest = 0.0;
    for (std::size_t i = 0; i < dim; ++i)
        largest = std::max(largest, std::abs(query[i]));
    QueryCode result;
    if (largest != 0.0) result.scale = largest / kLargestQueryCode;
    SquareSum norm;
    SquareSum residual;
    for (std::size_t i = 0; i < dim; ++i) {
        const double code =
            std::clamp(nearest(query[i] / result.scale), -kLargestQueryCode, kLargestQueryCode);
        codes[i] = static_cast<std::int8_t>(code);
        result.sum += codes[i];
        norm.add(i, code);
        residual.add(i, query[i] - result.scale * code);
    }
    result.norm = result.scale * std::sqrt(norm.total());
    result.residual = std::sqrt(residual.total());
    return result;
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
        case SKEP_METRIC_L2:
            return round_down(similarity_floor(distance) - relative_error_ * squared_norm_ / 2.0 -
                              tiny_);
        case SKEP_METRIC_INNER_PRODUCT:
            return round_down(-distance - tiny_);
        default:
            return round_down(cosine_similarity_floor(distance, relative_error_));
    }
}

std::int32_t QueryBounds::integer_threshold(double distance) const {
    constexpr double kLowest = std::numeric_limits<std::int32_t>::min();
    constexpr double kHighest = std::numeric_limits<std::int32_t>::max();
    // Exact: norms and distances of vectors of bytes are integers.
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

double QueryBounds::similarity_floor(double distance) const {
    if (metric_ == SKEP_METRIC_COSINE) return cosine_similarity_floor(distance, 0.0);
    if (metric_ == SKEP_METRIC_INNER_PRODUCT) return -distance;
    return (squared_norm_ * (1.0 - kDoubleError) - distance * (1.0 + kDoubleError)) / 2.0;
}

double QueryBounds::cosine_similarity_floor(double distance, double error) const {
    const double norm = std::sqrt(squared_norm_);
    const double similarity = 1.0 - distance - 2.0 * kDoubleError;
    const double rounding = similarity < 0.0 ? 1.0 + kDoubleError : 1.0 - kDoubleError;
    return similarity * norm * rounding - error * norm * (1.0 + kDoubleError) - tiny_;
}

CodedQueryBounds::CodedQueryBounds(const QueryBounds& bounds, const QueryCode& code)
    : sum_(code.sum), scale_(code.scale) {
    constexpr double kRaise = 1.0 + kRowCodeError;
    const double residual = code.residual * kRaise;
    residual_multiplier_ = round_up((code.norm + residual) / code.scale * kRaise);
    if (bounds.metric_ == SKEP_METRIC_COSINE) {
        loss_ = residual;
    } else if (bounds.metric_ == SKEP_METRIC_INNER_PRODUCT) {
        multiplier_ = round_up(residual / code.scale * kRaise);
    } else {
        // The share of |x|^2 that pays for the query's residual; a zero query has none to pay for.
        const double share =
            residual == 0.0 ? 0.0 : std::min(0.5, residual / std::sqrt(bounds.squared_norm_));
        multiplier_ = static_cast<float>((1.0 - share) / code.scale);
        loss_ = residual == 0.0 ? 0.0 : residual * residual / (2.0 * share) * kRaise;
    }
}

float CodedQueryBounds::threshold(const QueryBounds& bounds, double distance) const {
    if (distance == std::numeric_limits<double>::infinity()) return -kFloatInfinity;
    return round_down((bounds.similarity_floor(distance) - loss_) / scale_ - kCodedTiny);
}

}  // namespace skep::cpu
