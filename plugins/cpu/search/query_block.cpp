// SPDX-License-Identifier: MIT
#include "search/query_block.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <new>

#include "skep/common/distance.hpp"
#include "skep/common/element_type.hpp"

namespace skep::cpu {
namespace {

constexpr std::size_t kGroupsPerBlock = kVectorAlignment / sizeof(std::uint32_t);

std::size_t padded_groups(std::size_t groups) {
    return (groups + kGroupsPerBlock - 1) / kGroupsPerBlock * kGroupsPerBlock;
}

// Calls use(i, value) for every component of a row of any element type.
template <typename Use>
void for_components(const RowStore& store, skep_dtype dtype, const std::byte* row, Use&& use) {
    constexpr std::size_t kStep = 64;
    const FloatRowKernels& kernels = store.backend().kernels().floats->rows[dtype];
    const std::size_t dim = store.dim();
    float values[kStep];
    for (std::size_t first = 0; first < dim; first += kStep) {
        const std::size_t count = std::min(kStep, dim - first);
        kernels.widen(row + first * element_bytes(dtype), count, values);
        for (std::size_t i = 0; i < count; ++i)
            use(first + i, values[i]);
    }
}

}  // namespace

ScoreShape::ScoreShape(const RowStore& store, const RowTable& table, Arithmetic arithmetic,
                       bool uses_panels)
    : arithmetic_(arithmetic),
      uses_panels_(uses_panels),
      is_scaled_(store.metric() == SKEP_METRIC_COSINE),
      has_zero_points_(table.kind == CodeKind::kScaled) {
    const FloatKernels& floats = *store.backend().kernels().floats;
    const IntegerKernels& integers = store.integer_kernels();
    const std::size_t dim = store.dim();
    if (arithmetic == Arithmetic::kFloat) {
        panel_rows_ = floats.panel_rows;
        tile_queries_ = floats.tile_queries;
        depth_ = is_scaled_ ? dim : dim + 1;
        operand_groups_ = padded_groups(dim + 1);
    } else {
        panel_rows_ = integers.panel_rows;
        tile_queries_ = integers.tile_queries;
        depth_ = (dim * integers.operand_bytes + 3) / 4;
        operand_groups_ = padded_groups(depth_);
    }
}

std::uint64_t ScoreShape::panel_bytes() const {
    if (!uses_panels_) return 0;
    const std::size_t term_rows = arithmetic_ == Arithmetic::kFloat ? 0 : kPanelTerms;
    return (depth_ + term_rows) * panel_rows_ * sizeof(float);
}

std::uint64_t ScoreShape::padded_queries(std::uint64_t num_queries) const {
    return (num_queries + tile_queries_ - 1) / tile_queries_ * tile_queries_;
}

Arithmetic choose_arithmetic(const RowStore& store, const RowTable& table,
                             const skep_matrix& queries) {
    if (queries.num_rows > store.backend().kernels().max_integer_queries) return Arithmetic::kFloat;
    const bool is_byte_store = is_byte_type(store.dtype());
    if (is_byte_store && store.dim() > kMaxIntegerDim) return Arithmetic::kFloat;
    if (is_byte_store && is_byte_type(queries.dtype)) return Arithmetic::kInteger;
    bool are_integers = table.kind == CodeKind::kIntegers;
    bool are_codable = !is_byte_store;
    const bool is_signed = store.dtype() == SKEP_DTYPE_I8;
    for (std::uint64_t query = 0; query < queries.num_rows; ++query) {
        const auto* row =
            static_cast<const std::byte*>(queries.data) + query * queries.row_stride_bytes;
        double largest = 0.0;
        for_components(store, queries.dtype, row, [&](std::size_t, float value) {
            are_integers = are_integers && (is_signed ? is_signed_byte(value) : is_byte(value));
            largest = std::max(largest, std::abs(static_cast<double>(value)));
        });
        are_codable = are_codable && is_codable_query(largest);
        if (!are_integers && !are_codable) return Arithmetic::kFloat;
    }
    return are_integers ? Arithmetic::kInteger : Arithmetic::kCoded;
}

struct QueryBlock::Layout {
    Layout(const ScoreShape& shape, std::uint32_t dim, std::uint64_t num_queries) {
        const std::uint64_t padded = shape.padded_queries(num_queries);
        exact = arrays.add<double>(num_queries * dim);
        squared_norms = arrays.add<double>(num_queries);
        bounds = arrays.add<QueryBounds>(num_queries);
        operands = arrays.add<std::uint32_t>(num_queries * shape.operand_groups());
        tiles = arrays.add<std::uint32_t>(shape.uses_panels() ? padded * shape.depth() : 0);
        thresholds = arrays.add<float>(padded);
        if (shape.arithmetic() != Arithmetic::kCoded) return;
        coded_bounds = arrays.add<CodedQueryBounds>(num_queries);
        sums = arrays.add<std::int32_t>(padded);
        multipliers = arrays.add<float>(padded);
        residual_multipliers = arrays.add<float>(padded);
    }

    ArrayLayout arrays;
    std::uint64_t exact;
    std::uint64_t squared_norms;
    std::uint64_t bounds;
    std::uint64_t operands;
    std::uint64_t tiles;
    std::uint64_t thresholds;
    std::uint64_t coded_bounds = 0;
    std::uint64_t sums = 0;
    std::uint64_t multipliers = 0;
    std::uint64_t residual_multipliers = 0;
};

std::uint64_t QueryBlock::scratch_bytes(const ScoreShape& shape, std::uint32_t dim,
                                        std::uint64_t num_queries) {
    return Layout(shape, dim, num_queries).arrays.bytes();
}

QueryBlock::QueryBlock(const RowStore& store, const ScoreShape& shape, const skep_matrix& queries,
                       std::uint64_t first_query, std::uint64_t num_queries, std::byte* scratch)
    : store_(store), shape_(shape), num_queries_(num_queries) {
    const Layout layout(shape, store.dim(), num_queries);
    const bool has_int_thresholds = shape.has_int_thresholds();
    exact_ = reinterpret_cast<double*>(scratch + layout.exact);
    squared_norms_ = reinterpret_cast<double*>(scratch + layout.squared_norms);
    bounds_ = reinterpret_cast<QueryBounds*>(scratch + layout.bounds);
    operands_ = reinterpret_cast<std::uint32_t*>(scratch + layout.operands);
    tiles_ = reinterpret_cast<std::uint32_t*>(scratch + layout.tiles);
    float_thresholds_ =
        has_int_thresholds ? nullptr : reinterpret_cast<float*>(scratch + layout.thresholds);
    int_thresholds_ =
        has_int_thresholds ? reinterpret_cast<std::int32_t*>(scratch + layout.thresholds) : nullptr;
    coded_bounds_ = reinterpret_cast<CodedQueryBounds*>(scratch + layout.coded_bounds);
    sums_ = reinterpret_cast<std::int32_t*>(scratch + layout.sums);
    multipliers_ = reinterpret_cast<float*>(scratch + layout.multipliers);
    residual_multipliers_ = reinterpret_cast<float*>(scratch + layout.residual_multipliers);

    for (std::uint64_t query = 0; query < num_queries; ++query) {
        prepare(query,
                static_cast<const std::byte*>(queries.data) +
                    (first_query + query) * queries.row_stride_bytes,
                queries.dtype);
        set_bound(query, std::numeric_limits<double>::infinity());
    }
    // Places past the last query let nothing through.
    for (std::uint64_t query = num_queries; query < shape.padded_queries(num_queries); ++query) {
        if (has_int_thresholds) {
            int_thresholds_[query] = std::numeric_limits<std::int32_t>::max();
        } else {
            float_thresholds_[query] = std::numeric_limits<float>::infinity();
        }
        if (shape.arithmetic() != Arithmetic::kCoded) continue;
        sums_[query] = 0;
        multipliers_[query] = 0.0F;
        residual_multipliers_[query] = 0.0F;
    }
    if (shape.uses_panels()) interleave_tiles();
}

void QueryBlock::prepare(std::uint64_t query, const std::byte* source, skep_dtype dtype) {
    const std::size_t dim = store_.dim();
    double* exact = exact_ + query * dim;
    for_components(store_, dtype, source,
                   [&](std::size_t i, float value) { exact[i] = static_cast<double>(value); });
    squared_norms_[query] = dot_product(exact, exact, dim);
    new (&bounds_[query]) QueryBounds(store_.metric(), dim, squared_norms_[query]);

    std::uint32_t* operands = operands_ + query * shape_.operand_groups();
    std::memset(operands, 0, shape_.operand_groups() * sizeof(std::uint32_t));
    auto* bytes = reinterpret_cast<std::byte*>(operands);
    switch (shape_.arithmetic()) {
        case Arithmetic::kFloat:
            return write_float_operands(query, bytes);
        case Arithmetic::kInteger:
            return write_integer_operands(query, bytes);
        case Arithmetic::kCoded:
            return write_coded_operands(query, bytes);
    }
}

void QueryBlock::write_float_operands(std::uint64_t query, std::byte* bytes) const {
    const std::size_t dim = store_.dim();
    const double* exact = exact_ + query * dim;
    for (std::size_t i = 0; i < dim; ++i) {
        const auto value = static_cast<float>(exact[i]);
        std::memcpy(bytes + i * sizeof value, &value, sizeof value);
    }
    const float multiplier = bounds_[query].multiplier();
    std::memcpy(bytes + dim * sizeof multiplier, &multiplier, sizeof multiplier);
}

void QueryBlock::write_integer_operands(std::uint64_t query, std::byte* bytes) const {
    const IntegerKernels& kernels = store_.integer_kernels();
    const std::size_t dim = store_.dim();
    const double* exact = exact_ + query * dim;
    for (std::size_t i = 0; i < dim; ++i) {
        const auto value =
            static_cast<std::int16_t>(static_cast<std::int32_t>(exact[i]) - kernels.query_shift);
        if (kernels.operand_bytes == 1) {
            const auto narrow = static_cast<std::int8_t>(value);
            std::memcpy(bytes + i, &narrow, sizeof narrow);
        } else {
            std::memcpy(bytes + i * sizeof value, &value, sizeof value);
        }
    }
}

void QueryBlock::write_coded_operands(std::uint64_t query, std::byte* bytes) {
    const std::size_t dim = store_.dim();
    auto* codes = reinterpret_cast<std::int8_t*>(bytes);
    const QueryCode code = encode_query(exact_ + query * dim, dim, codes);
    new (&coded_bounds_[query]) CodedQueryBounds(bounds_[query], code);
    sums_[query] = shape_.has_zero_points() ? coded_bounds_[query].sum() : 0;
    multipliers_[query] = coded_bounds_[query].multiplier();
    residual_multipliers_[query] = coded_bounds_[query].residual_multiplier();
    if (store_.integer_kernels().operand_bytes == 1) return;
    // Widened where they are, the last one first.
    for (std::size_t i = dim; i-- > 0;) {
        const auto unsigned_code = std::to_integer<std::int32_t>(bytes[i]);
        const auto value =
            static_cast<std::int16_t>(unsigned_code < 128 ? unsigned_code : unsigned_code - 256);
        std::memcpy(bytes + i * sizeof value, &value, sizeof value);
    }
}

void QueryBlock::interleave_tiles() {
    const std::uint32_t width = shape_.tile_queries();
    const std::size_t depth = shape_.depth();
    for (std::uint64_t query = 0; query < shape_.padded_queries(num_queries_); ++query) {
        std::uint32_t* column = tiles_ + query / width * depth * width + query % width;
        // Places past the last query are computed with, but not looked at.
        const std::uint32_t* operands = operands_ + query * shape_.operand_groups();
        for (std::size_t i = 0; i < depth; ++i)
            column[i * width] = query < num_queries_ ? operands[i] : 0;
    }
}

void QueryBlock::set_bound(std::uint64_t query, double distance) {
    const QueryBounds& bounds = bounds_[query];
    if (int_thresholds_ != nullptr) {
        int_thresholds_[query] = bounds.integer_threshold(distance);
    } else if (shape_.arithmetic() == Arithmetic::kInteger) {
        float_thresholds_[query] = bounds.scaled_integer_threshold(distance);
    } else if (shape_.arithmetic() == Arithmetic::kCoded) {
        float_thresholds_[query] = coded_bounds_[query].threshold(bounds, distance);
    } else {
        float_thresholds_[query] = bounds.float_threshold(distance);
    }
}

double QueryBlock::exact_distance(std::uint64_t query, const std::byte* row,
                                  skep_dtype dtype) const {
    const ExactKernels& kernels = store_.backend().kernels().exact[dtype];
    const std::size_t dim = store_.dim();
    const double* exact = exact_ + query * dim;
    if (store_.metric() == SKEP_METRIC_L2) return kernels.squared_l2(exact, row, dim);
    const double dot = kernels.dot(exact, row, dim);
    if (store_.metric() == SKEP_METRIC_INNER_PRODUCT) return 0.0 - dot;
    return cosine_distance(dot, squared_norms_[query], kernels.squared_norm(row, dim));
}

void QueryBlock::describe_query(std::uint64_t query, StreamBlock& block) const {
    block.query = operands_ + query * shape_.operand_groups();
    block.multiplier = bounds_[query].multiplier();
    if (int_thresholds_ != nullptr) {
        block.int_threshold = int_thresholds_[query];
    } else {
        block.float_threshold = float_thresholds_[query];
    }
    if (shape_.arithmetic() != Arithmetic::kCoded) return;
    block.query_sum = sums_[query];
    block.multiplier = multipliers_[query];
    block.residual_multiplier = residual_multipliers_[query];
}

}  // namespace skep::cpu
