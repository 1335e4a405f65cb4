// SPDX-License-Identifier: MIT
// Integer scores of rows of bytes, in plain code. Operands are int16, two to a group.
//
// A tile is one query and a panel holds its rows one after another, [panel_rows][depth], so that
// the inner loop is a dot product of neighbouring elements, which compilers turn into vectors of
// any baseline.
#include <cstdint>

#include "kernels/scalar/tables.hpp"

namespace skep::cpu {
namespace {

constexpr std::uint32_t kPanelRows = 16;
constexpr std::uint32_t kTileQueries = 1;
constexpr std::size_t kElementsPerGroup = 2;

// Unsigned, so that a partial sum may wrap.
std::uint32_t product(std::int32_t a, std::int32_t b) {
    return static_cast<std::uint32_t>(a * b);
}

// No partial sum passes 2^31: see kMaxIntegerDim.
std::int32_t dot(const std::int16_t* a, const std::int16_t* b, std::size_t count) {
    std::int32_t sum = 0;
    for (std::size_t i = 0; i < count; ++i)
        sum += a[i] * b[i];
    return sum;
}

// What the row and the query of one sum bring to its bound.
struct CodeTerms {
    float scale;
    float residual;
    float float_term;
    float residual_multiplier;
    float multiplier;
};

float coded_bound(std::int32_t sum, const CodeTerms& terms) {
    const float rest =
        terms.residual_multiplier * terms.residual + terms.multiplier * terms.float_term;
    return static_cast<float>(sum) * terms.scale + rest;
}

template <typename Byte>
std::uint64_t stream(const StreamBlock& block) {
    const std::int16_t* query = static_cast<const std::int16_t*>(block.query);
    const Byte* rows = static_cast<const Byte*>(block.rows);
    std::uint64_t survivors = 0;
    for (std::uint32_t row = 0; row < block.num_rows; ++row) {
        const Byte* elements = rows + row * block.row_stride_bytes;
        std::uint32_t sum = static_cast<std::uint32_t>(block.int_terms[row]);
        if (block.integer_score == IntegerScore::kCoded)
            sum = product(block.int_terms[row], block.query_sum);
        for (std::size_t i = 0; i < block.dim; ++i)
            sum += product(query[i], elements[i]);
        const std::int32_t score = static_cast<std::int32_t>(sum);
        bool survives = false;
        if (block.integer_score == IntegerScore::kSum) {
            survives = score >= block.int_threshold;
        } else if (block.integer_score == IntegerScore::kScaled) {
            survives =
                !(static_cast<float>(score) * block.float_terms[row] < block.float_threshold);
        } else {
            survives = !(coded_bound(score, {block.scales[row], block.residuals[row],
                                             block.float_terms[row], block.residual_multiplier,
                                             block.multiplier}) < block.float_threshold);
        }
        if (survives) survivors |= std::uint64_t{1} << row;
    }
    return survivors;
}

template <typename Byte>
void gather(const void* query, const void* const* rows, std::size_t dim, std::uint32_t num_rows,
            std::int32_t* sums) {
    const std::int16_t* factors = static_cast<const std::int16_t*>(query);
    for (std::uint32_t row = 0; row < num_rows; ++row) {
        const Byte* elements = static_cast<const Byte*>(rows[row]);
        std::int32_t sum = 0;
        for (std::size_t i = 0; i < dim; ++i)
            sum += factors[i] * elements[i];
        sums[row] = sum;
    }
}

template <typename Byte>
void pack(const PanelRows& rows, void* panel) {
    const std::size_t depth = (rows.dim + kElementsPerGroup - 1) / kElementsPerGroup;
    std::int16_t* groups = static_cast<std::int16_t*>(panel);
    std::int32_t* terms = static_cast<std::int32_t*>(panel) + depth * kPanelRows;
    float* float_terms = static_cast<float*>(panel) + (depth + 1) * kPanelRows;
    float* scales = float_terms + kPanelRows;
    float* residuals = scales + kPanelRows;
    for (std::uint32_t row = 0; row < kPanelRows; ++row) {
        const std::uint32_t source = row < rows.num_rows ? row : rows.num_rows - 1;
        const Byte* elements = static_cast<const Byte*>(rows.rows) + source * rows.row_stride_bytes;
        std::int16_t* target = groups + row * depth * kElementsPerGroup;
        for (std::size_t i = 0; i < depth * kElementsPerGroup; ++i)
            target[i] = i < rows.dim ? elements[i] : std::int16_t{0};
        terms[row] = rows.int_terms[source];
        if (rows.integer_score == IntegerScore::kSum) continue;
        float_terms[row] = rows.float_terms[source];
        if (rows.integer_score == IntegerScore::kScaled) continue;
        scales[row] = rows.scales[source];
        residuals[row] = rows.residuals[source];
    }
}

std::uint64_t score_panel(const void* panel, const void* tile, std::size_t depth, std::uint32_t,
                          IntegerScore kind, const TileTerms& tile_terms,
                          std::uint64_t* survivors) {
    const std::int16_t* rows = static_cast<const std::int16_t*>(panel);
    const std::int16_t* query = static_cast<const std::int16_t*>(tile);
    const std::size_t count = depth * kElementsPerGroup;
    const std::int32_t* terms = static_cast<const std::int32_t*>(panel) + depth * kPanelRows;
    const float* float_terms = static_cast<const float*>(panel) + (depth + 1) * kPanelRows;
    const float* scales = float_terms + kPanelRows;
    const float* residuals = scales + kPanelRows;
    std::uint64_t bits = 0;
    for (std::uint32_t row = 0; row < kPanelRows; ++row) {
        const std::uint32_t first_sum = kind == IntegerScore::kCoded
                                            ? product(terms[row], *tile_terms.query_sums)
                                            : static_cast<std::uint32_t>(terms[row]);
        const std::int32_t sum = dot(rows + row * count, query, count);
        const std::int32_t score =
            static_cast<std::int32_t>(first_sum + static_cast<std::uint32_t>(sum));
        bool survives = false;
        if (kind == IntegerScore::kSum) {
            survives = score >= *static_cast<const std::int32_t*>(tile_terms.thresholds);
        } else if (kind == IntegerScore::kScaled) {
            survives = !(static_cast<float>(score) * float_terms[row] <
                         *static_cast<const float*>(tile_terms.thresholds));
        } else {
            survives =
                !(coded_bound(score, {scales[row], residuals[row], float_terms[row],
                                      *tile_terms.residual_multipliers, *tile_terms.multipliers}) <
                  *static_cast<const float*>(tile_terms.thresholds));
        }
        if (survives) bits |= std::uint64_t{1} << row;
    }
    *survivors = bits;
    return bits;
}

}  // namespace

const IntegerKernels kScalarIntegers = {
    kPanelRows,           kTileQueries,       2,           0,
    stream<std::uint8_t>, pack<std::uint8_t>, score_panel, gather<std::uint8_t>,
};
const IntegerKernels kScalarSignedIntegers = {
    kPanelRows,          kTileQueries,      2,           0,
    stream<std::int8_t>, pack<std::int8_t>, score_panel, gather<std::int8_t>,
};

}  // namespace skep::cpu
