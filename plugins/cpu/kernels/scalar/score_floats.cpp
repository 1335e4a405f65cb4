// SPDX-License-Identifier: MIT
// Upper bounds in float, in plain code.
#include <cstdint>

#include "kernels/scalar/elements.hpp"
#include "kernels/scalar/tables.hpp"

namespace skep::cpu {
namespace {

constexpr std::uint32_t kPanelRows = 16;
constexpr std::uint32_t kTileQueries = 4;

template <typename Element>
float load(const void* row, std::size_t i) {
    Element element;
    __builtin_memcpy(&element, static_cast<const char*>(row) + i * sizeof(Element), sizeof element);
    return value_of(element);
}

template <typename Element>
std::uint64_t stream(const StreamBlock& block) {
    const float* query = static_cast<const float*>(block.query);
    std::uint64_t survivors = 0;
    for (std::uint32_t row = 0; row < block.num_rows; ++row) {
        const char* elements = static_cast<const char*>(block.rows) + row * block.row_stride_bytes;
        float dot = 0.0F;
        for (std::size_t i = 0; i < block.dim; ++i)
            dot += query[i] * load<Element>(elements, i);
        const float term = block.float_terms[row];
        const float bound = block.is_scaled != 0 ? dot * term : dot + block.multiplier * term;
        if (!(bound < block.float_threshold)) survivors |= std::uint64_t{1} << row;
    }
    return survivors;
}

template <typename Element>
void pack(const PanelRows& rows, float* panel) {
    for (std::uint32_t row = 0; row < kPanelRows; ++row) {
        const std::uint32_t source = row < rows.num_rows ? row : rows.num_rows - 1;
        const char* elements = static_cast<const char*>(rows.rows) + source * rows.row_stride_bytes;
        const float scale = rows.is_scaled != 0 ? rows.float_terms[source] : 1.0F;
        for (std::size_t i = 0; i < rows.dim; ++i)
            panel[i * kPanelRows + row] = load<Element>(elements, i) * scale;
        if (rows.is_scaled == 0) panel[rows.dim * kPanelRows + row] = rows.float_terms[source];
    }
}

template <typename Element>
void widen(const void* elements, std::size_t count, float* floats) {
    for (std::size_t i = 0; i < count; ++i)
        floats[i] = load<Element>(elements, i);
}

std::uint64_t score_panel(const float* panel, const float* tile, std::size_t depth,
                          std::uint32_t num_queries, const float* thresholds,
                          std::uint64_t* survivors) {
    std::uint64_t any = 0;
    for (std::uint32_t query = 0; query < num_queries; ++query) {
        float sums[kPanelRows] = {};
        for (std::size_t i = 0; i < depth; ++i) {
            const float factor = tile[i * kTileQueries + query];
            for (std::uint32_t row = 0; row < kPanelRows; ++row)
                sums[row] += factor * panel[i * kPanelRows + row];
        }
        std::uint64_t bits = 0;
        for (std::uint32_t row = 0; row < kPanelRows; ++row) {
            if (!(sums[row] < thresholds[query])) bits |= std::uint64_t{1} << row;
        }
        survivors[query] = bits;
        any |= bits;
    }
    return any;
}

template <typename Element>
constexpr FloatRowKernels kRows = {stream<Element>, pack<Element>, widen<Element>};

}  // namespace

const FloatKernels kScalarFloats = {
    kPanelRows,
    kTileQueries,
    {kRows<float>, kRows<F16>, kRows<Bf16>, kRows<std::int8_t>, kRows<std::uint8_t>},
    score_panel,
};

}  // namespace skep::cpu
