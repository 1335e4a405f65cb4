// SPDX-License-Identifier: MIT
// Checks of the integer kernels over codes: bounds hold, and ISAs agree with the scalar twin.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "kernels/kernel_table.hpp"
#include "kernels/scalar/tables.hpp"
#include "search/bounds.hpp"
#include "skep/common/distance.hpp"
#include "unit/plugins/cpu/kernel_check_data.hpp"

namespace skep::testing {

// Codes of 64 rows, and one query against them.
class CodedCase {
  public:
    CodedCase(const cpu::IntegerKernels& kernels, skep_metric metric, const OddRows<float>& rows)
        : kernels_(kernels), metric_(metric), rows_(rows), stride_(rows.dim + 3) {
        // The last row of codes ends with the buffer, so that sanitizers see a read behind it.
        codes_.resize(1 + (cpu::kStreamRows - 1) * stride_ + rows.dim);
        for (std::size_t row = 0; row < cpu::kStreamRows; ++row) {
            const double norm = dot_product(rows.row(row), rows.row(row), rows.dim);
            const cpu::RowCode code = cpu::encode_row(metric, rows.odd_row(row), rows.dim, norm,
                                                      codes_.data() + 1 + row * stride_);
            scales_.push_back(code.scale);
            residuals_.push_back(code.residual);
            int_terms_.push_back(code.int_term);
            float_terms_.push_back(cpu::float_row_term(metric, rows.dim, norm));
        }
        depth_ = (rows.dim * kernels.operand_bytes + 3) / 4;
    }

    void set_query(const std::vector<float>& query) {
        const std::vector<double> exact(query.begin(), query.end());
        std::vector<std::int8_t> codes(query.size());
        const cpu::QueryCode code = cpu::encode_query(exact.data(), exact.size(), codes.data());
        bounds_ = cpu::QueryBounds(metric_, query.size(),
                                   dot_product(exact.data(), exact.data(), exact.size()));
        coded_bounds_ = cpu::CodedQueryBounds(bounds_, code);
        operands_.assign((depth_ + 15) / 16 * 16, 0);
        auto* bytes = reinterpret_cast<unsigned char*>(operands_.data());
        for (std::size_t i = 0; i < codes.size(); ++i) {
            const std::int16_t wide = codes[i];
            if (kernels_.operand_bytes == 1) {
                std::memcpy(bytes + i, &codes[i], 1);
            } else {
                std::memcpy(bytes + 2 * i, &wide, 2);
            }
        }
    }

    [[nodiscard]] float threshold(double cut) const {
        return coded_bounds_.threshold(bounds_, cut);
    }

    [[nodiscard]] std::uint64_t stream(float threshold, std::uint32_t num_rows) const {
        cpu::StreamBlock block{};
        block.rows = codes_.data() + 1;
        block.row_stride_bytes = stride_;
        block.dim = rows_.dim;
        block.num_rows = num_rows;
        block.integer_score = cpu::IntegerScore::kCoded;
        block.query_sum = coded_bounds_.sum();
        block.query = operands_.data();
        block.float_terms = float_terms_.data();
        block.int_terms = int_terms_.data();
        block.scales = scales_.data();
        block.residuals = residuals_.data();
        block.multiplier = coded_bounds_.multiplier();
        block.residual_multiplier = coded_bounds_.residual_multiplier();
        block.float_threshold = threshold;
        return kernels_.stream(block);
    }

    // Survivors of the query at one place of a tile whose other places hold zeros.
    [[nodiscard]] std::uint64_t panel(std::uint32_t place, float threshold,
                                      std::uint32_t num_rows) const {
        cpu::PanelRows rows{};
        rows.rows = codes_.data() + 1;
        rows.row_stride_bytes = stride_;
        rows.dim = rows_.dim;
        rows.num_rows = num_rows;
        rows.integer_score = cpu::IntegerScore::kCoded;
        rows.float_terms = float_terms_.data();
        rows.int_terms = int_terms_.data();
        rows.scales = scales_.data();
        rows.residuals = residuals_.data();
        std::vector<std::uint32_t> panel((depth_ + cpu::kPanelTerms) * kernels_.panel_rows);
        kernels_.pack(rows, panel.data());
        std::vector<std::uint32_t> tile(depth_ * kernels_.tile_queries);
        for (std::size_t i = 0; i < depth_; ++i)
            tile[i * kernels_.tile_queries + place] = operands_[i];
        std::vector<float> thresholds(kernels_.tile_queries,
                                      std::numeric_limits<float>::infinity());
        std::vector<std::int32_t> sums(kernels_.tile_queries);
        std::vector<float> multipliers(kernels_.tile_queries);
        std::vector<float> residual_multipliers(kernels_.tile_queries);
        thresholds[place] = threshold;
        sums[place] = coded_bounds_.sum();
        multipliers[place] = coded_bounds_.multiplier();
        residual_multipliers[place] = coded_bounds_.residual_multiplier();
        const cpu::TileTerms terms = {thresholds.data(), sums.data(), multipliers.data(),
                                      residual_multipliers.data()};
        std::vector<std::uint64_t> survivors(kernels_.tile_queries);
        kernels_.score_panel(panel.data(), tile.data(), depth_, place + 1,
                             cpu::IntegerScore::kCoded, terms, survivors.data());
        return survivors[place] & ((std::uint64_t{1} << num_rows) - 1);
    }

    [[nodiscard]] double distance_of(const std::vector<float>& query, std::size_t row) const {
        return distance(metric_, query.data(), rows_.row(row), rows_.dim);
    }

  private:
    const cpu::IntegerKernels& kernels_;
    skep_metric metric_;
    const OddRows<float>& rows_;
    std::size_t stride_;
    std::size_t depth_ = 0;
    std::vector<std::uint8_t> codes_;
    std::vector<float> scales_;
    std::vector<float> residuals_;
    std::vector<std::int32_t> int_terms_;
    std::vector<float> float_terms_;
    std::vector<std::uint32_t> operands_;
    cpu::QueryBounds bounds_;
    cpu::CodedQueryBounds coded_bounds_;
};

// Queries that can be coded, of components near those of the rows.
inline std::vector<std::vector<float>> coded_queries(std::mt19937_64& engine, std::size_t dim,
                                                     Magnitude magnitude) {
    const Magnitude drawn = magnitude == Magnitude::kTiny || magnitude == Magnitude::kDenormal
                                ? Magnitude::kOrdinary
                                : magnitude;
    std::vector<std::vector<float>> queries(4, std::vector<float>(dim));
    for (float& value : queries[0])
        value = draw_component(engine, Magnitude::kOrdinary);
    for (float& value : queries[1])
        value = std::clamp(draw_component(engine, drawn), -0x1p39F, 0x1p39F);
    for (float& value : queries[2])
        value = std::ldexp(draw_component(engine, Magnitude::kOrdinary), -38);
    queries[0][0] = queries[1][0] = 1.0F;
    queries[2][0] = 0x1p-38F;
    return queries;  // 3: all zeros
}

// No row within the cut is lost, and each ISA keeps what the scalar twin keeps but for the last
// bits of float bounds.
inline void check_coded_kernels(const cpu::KernelTable& table, Findings& findings) {
    std::vector<std::size_t> dims = kernel_dims();
    dims.push_back(4096);
    for (const std::size_t dim : dims) {
        for (const Magnitude magnitude : kMagnitudes) {
            std::mt19937_64 engine(dim);
            OddRows<float> rows(engine, cpu::kStreamRows, dim, magnitude);
            const auto queries = coded_queries(engine, dim, magnitude);
            for (const skep_metric metric : kAllMetrics) {
                CodedCase mine(*table.integers, metric, rows);
                CodedCase twin(cpu::kScalarIntegers, metric, rows);
                const std::string where = std::string(table.isa) + " metric " +
                                          std::to_string(metric) + " dim " + std::to_string(dim) +
                                          " magnitude " +
                                          std::to_string(static_cast<int>(magnitude));
                for (std::size_t query = 0; query < queries.size(); ++query) {
                    mine.set_query(queries[query]);
                    twin.set_query(queries[query]);
                    for (const std::size_t row : {0U, 7U, 40U}) {
                        const double cut = mine.distance_of(queries[query], row);
                        const float threshold = mine.threshold(cut);
                        const float margin = std::abs(threshold) * 0x1p-20F;
                        for (const std::uint32_t num_rows : {1U, 9U, 17U, 64U}) {
                            const std::uint64_t survivors = mine.stream(threshold, num_rows);
                            for (std::size_t i = 0; i < num_rows; ++i) {
                                if (!(mine.distance_of(queries[query], i) <= cut)) continue;
                                findings.expect((survivors >> i & 1U) != 0,
                                                "coded stream lost a row: " + where + " query " +
                                                    std::to_string(query));
                            }
                            findings.expect(
                                (survivors & ~twin.stream(threshold - margin, num_rows)) == 0,
                                "coded stream keeps too much: " + where);
                            findings.expect(
                                (twin.stream(threshold + margin, num_rows) & ~survivors) == 0,
                                "coded stream keeps too little: " + where);
                        }
                        const std::uint32_t panel_rows = table.integers->panel_rows;
                        const auto place =
                            static_cast<std::uint32_t>(engine()) % table.integers->tile_queries;
                        for (const std::uint32_t num_rows : {1U, panel_rows - 1, panel_rows}) {
                            findings.expect(mine.panel(place, threshold, num_rows) ==
                                                mine.stream(threshold, num_rows),
                                            "coded panel and stream differ: " + where);
                        }
                    }
                }
            }
        }
    }
}

}  // namespace skep::testing
