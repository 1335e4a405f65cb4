// SPDX-License-Identifier: MIT
// Exact integer scores of u8 rows and queries, in plain code. Operands are int16, two to a group.
#include <cstdint>

#include "kernels/scalar/tables.hpp"

namespace skep::cpu {
namespace {

constexpr std::uint32_t kPanelRows = 16;
constexpr std::uint32_t kTileQueries = 4;
constexpr std::size_t kElementsPerGroup = 2;

// Unsigned, so that a partial sum may wrap.
std::uint32_t product(std::int32_t a, std::int32_t b) {
    return static_cast<std::uint32_t>(a * b);
}

std::uint64_t stream(const StreamBlock& block) {
    const std::int16_t* query = static_cast<const std::int16_t*>(block.query);
    const unsigned char* rows = static_cast<const unsigned char*>(block.rows);
    std::uint64_t survivors = 0;
    for (std::uint32_t row = 0; row < block.num_rows; ++row) {
        const unsigned char* elements = rows + row * block.row_stride_bytes;
        std::uint32_t sum = static_cast<std::uint32_t>(block.int_terms[row]);
        for (std::size_t i = 0; i < block.dim; ++i)
            sum += product(query[i], elements[i]);
        const std::int32_t score = static_cast<std::int32_t>(sum);
        const bool survives =
            block.is_scaled != 0
                ? !(static_cast<float>(score) * block.float_terms[row] < block.float_threshold)
                : score >= block.int_threshold;
        if (survives) survivors |= std::uint64_t{1} << row;
    }
    return survivors;
}

void pack(const PanelRows& rows, void* panel) {
    const std::size_t depth = (rows.dim + kElementsPerGroup - 1) / kElementsPerGroup;
    std::int16_t* groups = static_cast<std::int16_t*>(panel);
    std::int32_t* terms = static_cast<std::int32_t*>(panel) + depth * kPanelRows;
    float* scales = static_cast<float*>(panel) + (depth + 1) * kPanelRows;
    for (std::uint32_t row = 0; row < kPanelRows; ++row) {
        const std::uint32_t source = row < rows.num_rows ? row : rows.num_rows - 1;
        const unsigned char* elements =
            static_cast<const unsigned char*>(rows.rows) + source * rows.row_stride_bytes;
        for (std::size_t i = 0; i < depth * kElementsPerGroup; ++i) {
            const std::size_t group = i / kElementsPerGroup * kPanelRows + row;
            groups[group * kElementsPerGroup + i % kElementsPerGroup] =
                i < rows.dim ? elements[i] : std::int16_t{0};
        }
        terms[row] = rows.int_terms[source];
        scales[row] = rows.is_scaled != 0 ? rows.float_terms[source] : 0.0F;
    }
}

std::uint64_t score_panel(const void* panel, const void* tile, std::size_t depth,
                          std::uint32_t num_queries, std::uint32_t is_scaled,
                          const void* thresholds, std::uint64_t* survivors) {
    const std::int16_t* groups = static_cast<const std::int16_t*>(panel);
    const std::int16_t* queries = static_cast<const std::int16_t*>(tile);
    const std::int32_t* terms = static_cast<const std::int32_t*>(panel) + depth * kPanelRows;
    const float* scales = static_cast<const float*>(panel) + (depth + 1) * kPanelRows;
    std::uint64_t any = 0;
    for (std::uint32_t query = 0; query < num_queries; ++query) {
        std::uint32_t sums[kPanelRows];
        for (std::uint32_t row = 0; row < kPanelRows; ++row)
            sums[row] = static_cast<std::uint32_t>(terms[row]);
        for (std::size_t i = 0; i < depth; ++i) {
            const std::int16_t* factors = queries + (i * kTileQueries + query) * kElementsPerGroup;
            const std::int16_t* column = groups + i * kPanelRows * kElementsPerGroup;
            for (std::uint32_t row = 0; row < kPanelRows; ++row) {
                sums[row] += product(factors[0], column[row * kElementsPerGroup]) +
                             product(factors[1], column[row * kElementsPerGroup + 1]);
            }
        }
        std::uint64_t bits = 0;
        for (std::uint32_t row = 0; row < kPanelRows; ++row) {
            const std::int32_t score = static_cast<std::int32_t>(sums[row]);
            const bool survives =
                is_scaled != 0 ? !(static_cast<float>(score) * scales[row] <
                                   static_cast<const float*>(thresholds)[query])
                               : score >= static_cast<const std::int32_t*>(thresholds)[query];
            if (survives) bits |= std::uint64_t{1} << row;
        }
        survivors[query] = bits;
        any |= bits;
    }
    return any;
}

}  // namespace

const IntegerKernels kScalarIntegers = {
    kPanelRows, kTileQueries, 2, 0, stream, pack, score_panel,
};

}  // namespace skep::cpu
