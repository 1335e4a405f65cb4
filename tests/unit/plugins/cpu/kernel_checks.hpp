// SPDX-License-Identifier: MIT
// Checks of one kernel table against the definition and the scalar twin. No test framework, so that
// the same checks run under an emulator of another processor.
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
#include "unit/plugins/cpu/coded_kernel_checks.hpp"
#include "unit/plugins/cpu/kernel_check_data.hpp"

namespace skep::testing {

inline bool same_bits(double a, double b) {
    return std::memcmp(&a, &b, sizeof a) == 0;
}

template <typename Element>
void check_exact_kernels(const cpu::KernelTable& table, Findings& findings) {
    const cpu::ExactKernels& exact = table.exact[kDtypeOf<Element>];
    for (const std::size_t dim : kernel_dims()) {
        for (const Magnitude magnitude : kMagnitudes) {
            std::mt19937_64 engine(dim);
            const OddRows<Element> rows(engine, 3, dim, magnitude);
            std::vector<double> query(dim);
            for (double& value : query)
                value = static_cast<double>(draw_component(engine, magnitude));
            for (std::size_t row = 0; row < 3; ++row) {
                const std::string where = std::string(table.isa) + " " + name_of<Element>() +
                                          " dim " + std::to_string(dim) + " magnitude " +
                                          std::to_string(static_cast<int>(magnitude));
                findings.expect(same_bits(exact.squared_l2(query.data(), rows.odd_row(row), dim),
                                          skep::squared_l2(query.data(), rows.row(row), dim)),
                                "squared_l2 " + where);
                findings.expect(same_bits(exact.dot(query.data(), rows.odd_row(row), dim),
                                          skep::dot_product(query.data(), rows.row(row), dim)),
                                "dot " + where);
                findings.expect(same_bits(exact.squared_norm(rows.odd_row(row), dim),
                                          skep::dot_product(rows.row(row), rows.row(row), dim)),
                                "squared_norm " + where);
            }
        }
    }
}

// One query against some rows: distances, bounds, and what must and must not survive.
template <typename Element>
class BoundCase {
  public:
    BoundCase(skep_metric metric, const std::vector<float>& query, const OddRows<Element>& rows,
              std::size_t num_rows)
        : metric_(metric),
          dim_(rows.dim),
          query_norm_(dot_product(query.data(), query.data(), dim_)),
          bounds_(metric, dim_, query_norm_) {
        for (std::size_t row = 0; row < num_rows; ++row) {
            distances_.push_back(distance(metric, query.data(), rows.row(row), dim_));
            const double norm = dot_product(rows.row(row), rows.row(row), dim_);
            float_terms_.push_back(cpu::float_row_term(metric, dim_, norm));
            row_norms_.push_back(norm);
            similarities_.push_back(
                similarity(dot_product(query.data(), rows.row(row), dim_), norm));
        }
    }

    [[nodiscard]] const std::vector<float>& float_terms() const { return float_terms_; }
    [[nodiscard]] const cpu::QueryBounds& bounds() const { return bounds_; }
    // Distances at which to cut: every rank that there is, and none.
    [[nodiscard]] std::vector<double> cuts() const {
        std::vector<double> cuts = distances_;
        std::sort(cuts.begin(), cuts.end());
        if (cuts.size() > 6) cuts = {cuts[0], cuts[1], cuts[cuts.size() / 2], cuts.back()};
        cuts.push_back(std::numeric_limits<double>::infinity());
        return cuts;
    }

    // No row within the cut is lost; rows that are clearly outside are dropped.
    void check(std::uint64_t survivors, double cut, float threshold, Findings& findings,
               const std::string& where) const {
        for (std::size_t row = 0; row < distances_.size(); ++row) {
            const bool survives = (survivors >> row & 1U) != 0;
            if (distances_[row] <= cut)
                findings.expect(survives, where + ": lost row " + std::to_string(row));
            if (is_bounded(row) && is_bounded_query() &&
                similarities_[row] + 3.0 * slack(row) < static_cast<double>(threshold)) {
                findings.expect(!survives, where + ": kept row " + std::to_string(row));
            }
        }
        findings.expect(distances_.size() == 64 || survivors >> distances_.size() == 0,
                        where + ": a row that is not there survived");
    }

  private:
    [[nodiscard]] double similarity(double dot, double row_norm) const {
        if (metric_ == SKEP_METRIC_L2) return dot - row_norm / 2.0;
        if (metric_ == SKEP_METRIC_INNER_PRODUCT) return dot;
        return row_norm == 0.0 ? 0.0 : dot / std::sqrt(row_norm);
    }
    [[nodiscard]] bool is_bounded_query() const {
        return query_norm_ <= 0x1p120 && query_norm_ >= 0x1p-90;
    }
    [[nodiscard]] bool is_bounded(std::size_t row) const {
        return row_norms_[row] <= 0x1p120 && row_norms_[row] >= 0x1p-90;
    }
    // What a bound may add to a similarity, and lose by rounding.
    [[nodiscard]] double slack(std::size_t row) const {
        const double error = cpu::relative_error(dim_);
        const double tiny = static_cast<double>(dim_ + 16) * 0x1p-98;
        if (metric_ == SKEP_METRIC_L2) return error * (query_norm_ + row_norms_[row]) + tiny;
        if (metric_ == SKEP_METRIC_COSINE) return error * std::sqrt(query_norm_) + tiny;
        return error * std::sqrt(query_norm_ * row_norms_[row]) + tiny;
    }

    skep_metric metric_;
    std::size_t dim_;
    double query_norm_;
    cpu::QueryBounds bounds_;
    std::vector<double> distances_;
    std::vector<double> similarities_;
    std::vector<double> row_norms_;
    std::vector<float> float_terms_;
};

template <typename Element>
void check_float_kernels(const cpu::KernelTable& table, Findings& findings) {
    const cpu::FloatKernels& kernels = *table.floats;
    const cpu::FloatRowKernels& row_kernels = kernels.rows[kDtypeOf<Element>];
    for (const std::size_t dim : kernel_dims()) {
        for (const Magnitude magnitude : kMagnitudes) {
            std::mt19937_64 engine(dim);
            const OddRows<Element> rows(engine, cpu::kStreamRows, dim, magnitude);
            const std::uint32_t num_queries =
                1 + static_cast<std::uint32_t>(engine() % kernels.tile_queries);
            std::vector<std::vector<float>> queries(num_queries, std::vector<float>(dim));
            for (std::vector<float>& query : queries) {
                for (float& value : query)
                    value = std::is_integral_v<Element>
                                ? static_cast<float>(engine() % 2560) / 10.0F
                                : draw_component(engine, magnitude);
            }
            for (const skep_metric metric : kAllMetrics) {
                const bool is_scaled = metric == SKEP_METRIC_COSINE;
                const std::string where = std::string(table.isa) + " " + name_of<Element>() +
                                          " metric " + std::to_string(metric) + " dim " +
                                          std::to_string(dim) + " magnitude " +
                                          std::to_string(static_cast<int>(magnitude));

                for (const std::uint32_t num_rows : {1U, 5U, 16U, 31U, 64U}) {
                    const BoundCase<Element> expected(metric, queries[0], rows, num_rows);
                    for (const double cut : expected.cuts()) {
                        cpu::StreamBlock block{};
                        block.rows = rows.odd_row(0);
                        block.row_stride_bytes = rows.stride;
                        block.dim = dim;
                        block.num_rows = num_rows;
                        block.is_scaled = is_scaled ? 1 : 0;
                        block.query = queries[0].data();
                        block.float_terms = expected.float_terms().data();
                        block.multiplier = expected.bounds().multiplier();
                        block.float_threshold = expected.bounds().float_threshold(cut);
                        expected.check(row_kernels.stream(block), cut, block.float_threshold,
                                       findings, "stream " + where);
                    }
                }

                const std::size_t depth = is_scaled ? dim : dim + 1;
                for (const std::uint32_t num_rows :
                     {1U, kernels.panel_rows - 1, kernels.panel_rows}) {
                    std::vector<BoundCase<Element>> expected;
                    std::vector<float> tile(depth * kernels.tile_queries, 0.0F);
                    for (std::uint32_t query = 0; query < num_queries; ++query) {
                        expected.emplace_back(metric, queries[query], rows, num_rows);
                        for (std::size_t i = 0; i < depth; ++i) {
                            tile[i * kernels.tile_queries + query] =
                                i < dim ? queries[query][i] : expected[query].bounds().multiplier();
                        }
                    }
                    cpu::PanelRows panel_rows{};
                    panel_rows.rows = rows.odd_row(0);
                    panel_rows.row_stride_bytes = rows.stride;
                    panel_rows.dim = dim;
                    panel_rows.num_rows = num_rows;
                    panel_rows.is_scaled = is_scaled ? 1 : 0;
                    panel_rows.float_terms = expected[0].float_terms().data();
                    std::vector<float> panel(depth * kernels.panel_rows);
                    row_kernels.pack(panel_rows, panel.data());
                    for (std::size_t cut = 0; cut < expected[0].cuts().size(); ++cut) {
                        std::vector<float> thresholds(kernels.tile_queries,
                                                      std::numeric_limits<float>::infinity());
                        for (std::uint32_t query = 0; query < num_queries; ++query) {
                            thresholds[query] = expected[query].bounds().float_threshold(
                                expected[query].cuts()[cut]);
                        }
                        std::vector<std::uint64_t> survivors(kernels.tile_queries);
                        const std::uint64_t any =
                            kernels.score_panel(panel.data(), tile.data(), depth, num_queries,
                                                thresholds.data(), survivors.data());
                        // Places past num_rows repeat the last row and are masked by the caller.
                        const std::uint64_t there = (std::uint64_t{1} << num_rows) - 1;
                        for (std::uint32_t query = 0; query < num_queries; ++query) {
                            findings.expect((survivors[query] & ~any) == 0, "union " + where);
                            expected[query].check(survivors[query] & there,
                                                  expected[query].cuts()[cut], thresholds[query],
                                                  findings, "panel " + where);
                        }
                    }
                }
            }
        }
    }
}

// Floats hold every element, whatever its bits; unaligned, and of every length of a tail.
template <typename Element>
void check_widening(const cpu::KernelTable& table, Findings& findings) {
    constexpr std::size_t kNumElements = std::size_t{1} << (8 * sizeof(Element));
    auto* const widen = table.floats->rows[kDtypeOf<Element>].widen;
    std::vector<Element> elements(kNumElements);
    for (std::size_t bits = 0; bits < kNumElements; ++bits)
        std::memcpy(&elements[bits], &bits, sizeof(Element));
    std::vector<unsigned char> bytes(1 + kNumElements * sizeof(Element));
    std::memcpy(bytes.data() + 1, elements.data(), bytes.size() - 1);
    std::vector<float> floats(kNumElements);
    widen(bytes.data() + 1, kNumElements, floats.data());
    for (std::size_t bits = 0; bits < kNumElements; ++bits) {
        const auto expected = static_cast<float>(elements[bits]);
        // Rows hold no others.
        if (!std::isfinite(expected)) continue;
        findings.expect(std::memcmp(&floats[bits], &expected, sizeof expected) == 0,
                        std::string(table.isa) + " widens bits " + std::to_string(bits) + " of " +
                            name_of<Element>());
    }
    for (std::size_t count = 0; count < 40; ++count) {
        std::vector<float> few(count + 1, -1.0F);
        widen(bytes.data() + 1, count, few.data());
        findings.expect(
            std::equal(few.begin(), few.end() - 1, floats.begin()) && few.back() == -1.0F,
            std::string(table.isa) + " widens " + std::to_string(count) + " of " +
                name_of<Element>());
    }
}

// Integer scores are exact, so survivors are those of the scalar twin, to the bit.
template <typename Byte>
class IntegerCase {
  public:
    IntegerCase(const cpu::IntegerKernels& kernels, skep_metric metric, const OddRows<Byte>& rows,
                const std::vector<std::vector<Byte>>& queries)
        : kernels_(kernels), metric_(metric), rows_(rows), queries_(queries) {
        for (std::size_t row = 0; row < cpu::kStreamRows; ++row) {
            std::int64_t sum = 0;
            for (std::size_t i = 0; i < rows.dim; ++i)
                sum += rows.row(row)[i];
            const double norm = dot_product(rows.row(row), rows.row(row), rows.dim);
            int_terms_.push_back(cpu::integer_row_term(metric, kernels.query_shift, sum, norm));
            float_terms_.push_back(cpu::float_row_term(metric, rows.dim, norm));
        }
        depth_ = (rows.dim * kernels.operand_bytes + 3) / 4;
        for (const std::vector<Byte>& query : queries) {
            std::vector<std::uint32_t> operands((depth_ + 15) / 16 * 16);
            auto* bytes = reinterpret_cast<unsigned char*>(operands.data());
            for (std::size_t i = 0; i < query.size(); ++i) {
                const auto value = static_cast<std::int16_t>(query[i] - kernels.query_shift);
                const auto narrow = static_cast<std::int8_t>(value);
                if (kernels.operand_bytes == 1) {
                    std::memcpy(bytes + i, &narrow, 1);
                } else {
                    std::memcpy(bytes + 2 * i, &value, 2);
                }
            }
            operands_.push_back(operands);
            const double norm = dot_product(query.data(), query.data(), query.size());
            bounds_.emplace_back(metric, rows.dim, norm);
        }
    }

    [[nodiscard]] std::uint64_t stream(std::size_t query, double cut,
                                       std::uint32_t num_rows) const {
        cpu::StreamBlock block{};
        block.rows = rows_.odd_row(0);
        block.row_stride_bytes = rows_.stride;
        block.dim = rows_.dim;
        block.num_rows = num_rows;
        block.integer_score = score();
        block.query = operands_[query].data();
        block.float_terms = float_terms_.data();
        block.int_terms = int_terms_.data();
        block.float_threshold = bounds_[query].scaled_integer_threshold(cut);
        block.int_threshold = is_scaled() ? 0 : bounds_[query].integer_threshold(cut);
        return kernels_.stream(block);
    }

    // Survivors of one query scored in a panel with all others.
    [[nodiscard]] std::uint64_t panel(std::size_t query, double cut, std::uint32_t num_rows) const {
        cpu::PanelRows rows{};
        rows.rows = rows_.odd_row(0);
        rows.row_stride_bytes = rows_.stride;
        rows.dim = rows_.dim;
        rows.num_rows = num_rows;
        rows.integer_score = score();
        rows.float_terms = float_terms_.data();
        rows.int_terms = int_terms_.data();
        std::vector<std::uint32_t> panel((depth_ + cpu::kPanelTerms) * kernels_.panel_rows);
        kernels_.pack(rows, panel.data());
        const std::uint32_t place = static_cast<std::uint32_t>(query) % kernels_.tile_queries;
        std::vector<std::uint32_t> tile(depth_ * kernels_.tile_queries);
        for (std::size_t i = 0; i < depth_; ++i)
            tile[i * kernels_.tile_queries + place] = operands_[query][i];
        std::vector<float> float_thresholds(kernels_.tile_queries,
                                            bounds_[query].scaled_integer_threshold(cut));
        std::vector<std::int32_t> int_thresholds(
            kernels_.tile_queries, is_scaled() ? 0 : bounds_[query].integer_threshold(cut));
        std::vector<std::uint64_t> survivors(kernels_.tile_queries);
        cpu::TileTerms terms{};
        terms.thresholds = is_scaled() ? static_cast<const void*>(float_thresholds.data())
                                       : static_cast<const void*>(int_thresholds.data());
        kernels_.score_panel(panel.data(), tile.data(), depth_, place + 1, score(), terms,
                             survivors.data());
        return survivors[place] & ((std::uint64_t{1} << num_rows) - 1);
    }

    [[nodiscard]] double distance_of(std::size_t query, std::size_t row) const {
        return distance(metric_, queries_[query].data(), rows_.row(row), rows_.dim);
    }

  private:
    [[nodiscard]] bool is_scaled() const { return metric_ == SKEP_METRIC_COSINE; }
    [[nodiscard]] cpu::IntegerScore score() const {
        return is_scaled() ? cpu::IntegerScore::kScaled : cpu::IntegerScore::kSum;
    }

    const cpu::IntegerKernels& kernels_;
    skep_metric metric_;
    const OddRows<Byte>& rows_;
    const std::vector<std::vector<Byte>>& queries_;
    std::size_t depth_ = 0;
    std::vector<std::int32_t> int_terms_;
    std::vector<float> float_terms_;
    std::vector<std::vector<std::uint32_t>> operands_;
    std::vector<cpu::QueryBounds> bounds_;
};

// Rows in reverse order, the last ending with its buffer, against sums of plain products.
template <typename Byte>
void check_gather(const cpu::KernelTable& table, Findings& findings) {
    const cpu::IntegerKernels& kernels =
        std::is_signed_v<Byte> ? *table.signed_integers : *table.integers;
    for (const std::size_t dim : kernel_dims()) {
        std::mt19937_64 engine(dim);
        const OddRows<Byte> rows(engine, cpu::kStreamRows, dim, Magnitude::kOrdinary);
        std::vector<Byte> query(dim);
        for (Byte& value : query)
            value = static_cast<Byte>(engine());
        std::vector<unsigned char> operands((dim * kernels.operand_bytes + 63) / 64 * 64);
        for (std::size_t i = 0; i < dim; ++i) {
            const auto operand = static_cast<std::int16_t>(query[i] - kernels.query_shift);
            std::memcpy(operands.data() + i * kernels.operand_bytes, &operand,
                        kernels.operand_bytes);
        }
        for (const std::uint32_t num_rows : {1U, 2U, 3U, 4U, 5U, 7U, 64U}) {
            std::vector<const void*> places;
            for (std::uint32_t i = 0; i < num_rows; ++i)
                places.push_back(rows.odd_row(cpu::kStreamRows - 1 - i));
            std::vector<std::int32_t> sums(num_rows + 1, 77);
            kernels.gather(operands.data(), places.data(), dim, num_rows, sums.data());
            for (std::uint32_t i = 0; i < num_rows; ++i) {
                std::int32_t expected = 0;
                for (std::size_t j = 0; j < dim; ++j)
                    expected +=
                        (query[j] - kernels.query_shift) * rows.row(cpu::kStreamRows - 1 - i)[j];
                findings.expect(sums[i] == expected, std::string("gather differs: ") + table.isa +
                                                         " " + name_of<Byte>() + " dim " +
                                                         std::to_string(dim));
            }
            findings.expect(sums[num_rows] == 77, "gather writes past its rows");
        }
    }
}

template <typename Byte>
void check_integer_kernels(const cpu::KernelTable& table, Findings& findings) {
    constexpr bool kIsSigned = std::is_signed_v<Byte>;
    const cpu::IntegerKernels& kernels = kIsSigned ? *table.signed_integers : *table.integers;
    const cpu::IntegerKernels& scalar =
        kIsSigned ? cpu::kScalarSignedIntegers : cpu::kScalarIntegers;
    std::vector<std::size_t> dims = kernel_dims();
    dims.push_back(cpu::kMaxIntegerDim);
    for (const std::size_t dim : dims) {
        for (const Magnitude magnitude : {Magnitude::kOrdinary, Magnitude::kHuge}) {
            std::mt19937_64 engine(dim);
            const OddRows<Byte> rows(engine, cpu::kStreamRows, dim, magnitude);
            std::vector<std::vector<Byte>> queries(3, std::vector<Byte>(dim));
            for (Byte& value : queries[0])
                value = static_cast<Byte>(engine());
            std::fill(queries[1].begin(), queries[1].end(),
                      draw_element<Byte>(engine, Magnitude::kHuge));  // 2: all zeros
            for (const skep_metric metric : kAllMetrics) {
                const IntegerCase<Byte> mine(kernels, metric, rows, queries);
                const IntegerCase<Byte> twin(scalar, metric, rows, queries);
                const std::string where = std::string(table.isa) + " " + name_of<Byte>() +
                                          " metric " + std::to_string(metric) + " dim " +
                                          std::to_string(dim);
                for (std::size_t query = 0; query < queries.size(); ++query) {
                    for (const std::size_t row : {0U, 7U, 40U}) {
                        const double cut = mine.distance_of(query, row);
                        for (const std::uint32_t num_rows : {1U, 9U, 17U, 64U}) {
                            const std::uint64_t survivors = mine.stream(query, cut, num_rows);
                            findings.expect(survivors == twin.stream(query, cut, num_rows),
                                            "integer stream differs: " + where);
                            for (std::size_t i = 0; i < num_rows; ++i) {
                                if (mine.distance_of(query, i) <= cut) {
                                    findings.expect((survivors >> i & 1U) != 0,
                                                    "integer stream lost a row: " + where);
                                }
                            }
                        }
                        const std::uint32_t panel_rows = kernels.panel_rows;
                        for (const std::uint32_t num_rows : {1U, panel_rows - 1, panel_rows}) {
                            findings.expect(mine.panel(query, cut, num_rows) ==
                                                mine.stream(query, cut, num_rows),
                                            "integer panel and stream differ: " + where);
                        }
                    }
                }
            }
        }
    }
}

// Calls check.operator()<Element>() for every element type.
template <typename Check>
void for_element_types(Check check) {
    check.template operator()<float>();
    check.template operator()<Half>();
    check.template operator()<Brain>();
    check.template operator()<std::int8_t>();
    check.template operator()<std::uint8_t>();
}

inline void check_kernel_table(const cpu::KernelTable& table, Findings& findings) {
    for_element_types([&]<typename Element>() {
        check_exact_kernels<Element>(table, findings);
        check_float_kernels<Element>(table, findings);
        if constexpr (sizeof(Element) < sizeof(float)) check_widening<Element>(table, findings);
    });
    check_gather<std::int8_t>(table, findings);
    check_gather<std::uint8_t>(table, findings);
    check_integer_kernels<std::int8_t>(table, findings);
    check_integer_kernels<std::uint8_t>(table, findings);
    check_coded_kernels(table, findings);
}

}  // namespace skep::testing
