// SPDX-License-Identifier: MIT
// The kernels of every ISA that this processor has, alone: refining one row, streaming 64 rows past
// one query, scoring one panel against one tile, packing a panel.
//
// Rows lie in 256 KiB that are walked through, so the figures are those of a warm L2; madds_per_s
// counts multiply-adds. Every kernel is compared with its scalar twin before it is timed.
#include <benchmark/benchmark.h>
#include <skep/types.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "kernels/kernel_dispatch.hpp"
#include "kernels/scalar/tables.hpp"

namespace skep::bench {
namespace {

constexpr std::size_t kRowBytes = std::size_t{256} << 10U;

void count_madds(benchmark::State& state, std::size_t per_iteration) {
    state.counters["madds_per_s"] = benchmark::Counter(
        static_cast<double>(per_iteration) * static_cast<double>(state.iterations()),
        benchmark::Counter::kIsRate);
}

// Small integers, whose sums are exact in float: all ISAs must agree to the bit.
struct Inputs {
    explicit Inputs(std::size_t row_dim)
        : dim(row_dim), num_rows(kRowBytes / (row_dim * sizeof(float)) / 64 * 64) {
        std::mt19937_64 engine(1);
        if (num_rows == 0) num_rows = 64;
        for (std::size_t i = 0; i < num_rows * dim; ++i) {
            bytes.push_back(static_cast<std::uint8_t>(engine() % 16));
            floats.push_back(static_cast<float>(bytes.back()));
        }
        for (std::size_t i = 0; i < dim; ++i) {
            query.push_back(static_cast<float>(engine() % 16));
            exact_query.push_back(static_cast<double>(query.back()));
        }
        // Thresholds that some rows reach and most do not.
        threshold = 56.25F * static_cast<float>(dim) + 100.0F;
        float_terms.assign(num_rows, 0.0F);
    }

    std::size_t dim;
    std::size_t num_rows;
    float threshold;
    std::vector<float> floats;
    std::vector<std::uint8_t> bytes;
    std::vector<float> query;
    std::vector<double> exact_query;
    std::vector<float> float_terms;
};

void require(bool holds, const std::string& name) {
    if (!holds) throw std::runtime_error(name + ": differs from its scalar twin");
}

void add_refine(const cpu::KernelTable& table, const Inputs& inputs) {
    const std::string name =
        "refine/" + std::string(table.isa) + "/l2/f32/dim:" + std::to_string(inputs.dim);
    auto* const kernel = table.exact[SKEP_DTYPE_F32].squared_l2;
    require(kernel(inputs.exact_query.data(), inputs.floats.data(), inputs.dim) ==
                cpu::kScalarExact[SKEP_DTYPE_F32].squared_l2(inputs.exact_query.data(),
                                                             inputs.floats.data(), inputs.dim),
            name);
    benchmark::RegisterBenchmark(name.c_str(), [=, &inputs](benchmark::State& state) {
        std::size_t row = 0;
        for (auto _ : state) {
            benchmark::DoNotOptimize(kernel(inputs.exact_query.data(),
                                            inputs.floats.data() + row * inputs.dim, inputs.dim));
            row = row + 1 == inputs.num_rows ? 0 : row + 1;
        }
        count_madds(state, inputs.dim);
    });
}

// Operands of an integer kernel: see IntegerKernels.
std::vector<std::uint32_t> integer_operands(const cpu::IntegerKernels& kernels,
                                            const Inputs& inputs) {
    std::vector<std::uint32_t> operands((inputs.dim * kernels.operand_bytes + 63) / 64 * 16);
    auto* target = reinterpret_cast<unsigned char*>(operands.data());
    for (std::size_t i = 0; i < inputs.dim; ++i) {
        const auto value = static_cast<std::int16_t>(static_cast<std::int32_t>(inputs.query[i]) -
                                                     kernels.query_shift);
        const auto narrow = static_cast<std::int8_t>(value);
        if (kernels.operand_bytes == 1) {
            std::memcpy(target + i, &narrow, 1);
        } else {
            std::memcpy(target + 2 * i, &value, 2);
        }
    }
    return operands;
}

std::vector<std::int32_t> integer_terms(const cpu::IntegerKernels& kernels, const Inputs& inputs) {
    std::vector<std::int32_t> terms;
    for (std::size_t row = 0; row < inputs.num_rows; ++row) {
        std::int32_t sum = 0;
        for (std::size_t i = 0; i < inputs.dim; ++i)
            sum += inputs.bytes[row * inputs.dim + i];
        terms.push_back(kernels.query_shift * sum);
    }
    return terms;
}

cpu::StreamBlock float_block(const Inputs& inputs) {
    cpu::StreamBlock block{};
    block.rows = inputs.floats.data();
    block.row_stride_bytes = inputs.dim * sizeof(float);
    block.dim = inputs.dim;
    block.num_rows = cpu::kStreamRows;
    block.query = inputs.query.data();
    block.float_terms = inputs.float_terms.data();
    block.multiplier = 1.0F;
    block.float_threshold = inputs.threshold;
    return block;
}

cpu::StreamBlock byte_block(const Inputs& inputs, const std::vector<std::uint32_t>& operands,
                            const std::vector<std::int32_t>& terms) {
    cpu::StreamBlock block = float_block(inputs);
    block.rows = inputs.bytes.data();
    block.row_stride_bytes = inputs.dim;
    block.query = operands.data();
    block.int_terms = terms.data();
    block.int_threshold = static_cast<std::int32_t>(inputs.threshold);
    return block;
}

void add_stream(const cpu::KernelTable& table, const Inputs& inputs) {
    const std::string shape = "/dim:" + std::to_string(inputs.dim) + "/rows:64";
    const std::string float_name =
        "stream/" + std::string(table.isa) + "/inner_product/f32" + shape;
    require(table.floats->rows[SKEP_DTYPE_F32].stream(float_block(inputs)) ==
                cpu::kScalarFloats.rows[SKEP_DTYPE_F32].stream(float_block(inputs)),
            float_name);
    benchmark::RegisterBenchmark(
        float_name.c_str(),
        [kernel = table.floats->rows[SKEP_DTYPE_F32].stream, &inputs](benchmark::State& state) {
            cpu::StreamBlock block = float_block(inputs);
            std::size_t row = 0;
            for (auto _ : state) {
                block.rows = inputs.floats.data() + row * inputs.dim;
                benchmark::DoNotOptimize(kernel(block));
                row = row + 128 <= inputs.num_rows ? row + 64 : 0;
            }
            count_madds(state, cpu::kStreamRows * inputs.dim);
        });

    const std::string byte_name = "stream/" + std::string(table.isa) + "/inner_product/u8" + shape;
    const auto operands = integer_operands(*table.integers, inputs);
    const auto terms = integer_terms(*table.integers, inputs);
    const auto twin_operands = integer_operands(cpu::kScalarIntegers, inputs);
    const auto twin_terms = integer_terms(cpu::kScalarIntegers, inputs);
    require(table.integers->stream(byte_block(inputs, operands, terms)) ==
                cpu::kScalarIntegers.stream(byte_block(inputs, twin_operands, twin_terms)),
            byte_name);
    benchmark::RegisterBenchmark(byte_name.c_str(), [kernel = table.integers->stream, operands,
                                                     terms, &inputs](benchmark::State& state) {
        cpu::StreamBlock block = byte_block(inputs, operands, terms);
        std::size_t row = 0;
        for (auto _ : state) {
            block.rows = inputs.bytes.data() + row * inputs.dim;
            block.int_terms = terms.data() + row;
            benchmark::DoNotOptimize(kernel(block));
            row = row + 128 <= inputs.num_rows ? row + 64 : 0;
        }
        count_madds(state, cpu::kStreamRows * inputs.dim);
    });
}

void add_float_panel(const cpu::KernelTable& table, const Inputs& inputs) {
    const cpu::FloatKernels& kernels = *table.floats;
    const std::string shape = "/inner_product/f32/dim:" + std::to_string(inputs.dim) +
                              "/rows:" + std::to_string(kernels.panel_rows);
    const std::size_t depth = inputs.dim + 1;
    cpu::PanelRows rows{};
    rows.rows = inputs.floats.data();
    rows.row_stride_bytes = inputs.dim * sizeof(float);
    rows.dim = inputs.dim;
    rows.num_rows = kernels.panel_rows;
    rows.float_terms = inputs.float_terms.data();
    std::vector<float> panel(depth * kernels.panel_rows);
    std::vector<float> tile(depth * kernels.tile_queries);
    for (std::size_t i = 0; i < depth * kernels.tile_queries; ++i)
        tile[i] =
            i / kernels.tile_queries < inputs.dim ? inputs.query[i / kernels.tile_queries] : 0.0F;
    const std::vector<float> thresholds(kernels.tile_queries, inputs.threshold);
    std::vector<std::uint64_t> survivors(kernels.tile_queries);
    kernels.rows[SKEP_DTYPE_F32].pack(rows, panel.data());
    kernels.score_panel(panel.data(), tile.data(), depth, kernels.tile_queries, thresholds.data(),
                        survivors.data());
    cpu::StreamBlock block = float_block(inputs);
    block.num_rows = kernels.panel_rows;
    for (const std::uint64_t bits : survivors)
        require(bits == cpu::kScalarFloats.rows[SKEP_DTYPE_F32].stream(block),
                "panel/" + std::string(table.isa) + shape);

    benchmark::RegisterBenchmark(
        ("panel/" + std::string(table.isa) + shape +
         "/queries:" + std::to_string(kernels.tile_queries))
            .c_str(),
        [=, &kernels](benchmark::State& state) mutable {
            for (auto _ : state) {
                benchmark::DoNotOptimize(kernels.score_panel(panel.data(), tile.data(), depth,
                                                             kernels.tile_queries,
                                                             thresholds.data(), survivors.data()));
            }
            count_madds(state, inputs.dim * kernels.panel_rows * kernels.tile_queries);
        });
    benchmark::RegisterBenchmark(("pack/" + std::string(table.isa) + shape).c_str(),
                                 [=, &kernels](benchmark::State& state) mutable {
                                     for (auto _ : state) {
                                         kernels.rows[SKEP_DTYPE_F32].pack(rows, panel.data());
                                         benchmark::DoNotOptimize(panel.data());
                                     }
                                 });
}

// Sums, or bounds of codes whose scale is 1 and whose residual is 0: the same rows survive.
void add_byte_panel(const cpu::KernelTable& table, const Inputs& inputs, cpu::IntegerScore score) {
    const cpu::IntegerKernels& kernels = *table.integers;
    const bool is_coded = score == cpu::IntegerScore::kCoded;
    const std::string shape = std::string("/inner_product/") + (is_coded ? "coded" : "u8") +
                              "/dim:" + std::to_string(inputs.dim) +
                              "/rows:" + std::to_string(kernels.panel_rows);
    const std::size_t depth = (inputs.dim * kernels.operand_bytes + 3) / 4;
    const auto operands = integer_operands(kernels, inputs);
    const auto terms = integer_terms(kernels, inputs);
    cpu::PanelRows rows{};
    rows.rows = inputs.bytes.data();
    rows.row_stride_bytes = inputs.dim;
    rows.dim = inputs.dim;
    rows.num_rows = kernels.panel_rows;
    rows.float_terms = inputs.float_terms.data();
    rows.int_terms = terms.data();
    rows.integer_score = score;
    const std::vector<float> scales(inputs.num_rows, 1.0F);
    rows.scales = scales.data();
    rows.residuals = inputs.float_terms.data();
    std::vector<std::uint32_t> panel((depth + cpu::kPanelTerms) * kernels.panel_rows);
    std::vector<std::uint32_t> tile(depth * kernels.tile_queries);
    for (std::size_t i = 0; i < tile.size(); ++i)
        tile[i] = operands[i / kernels.tile_queries];
    const auto threshold = static_cast<std::int32_t>(inputs.threshold);
    const std::vector<std::int32_t> int_thresholds(kernels.tile_queries, threshold);
    const std::vector<float> float_thresholds(kernels.tile_queries, static_cast<float>(threshold));
    const std::vector<std::int32_t> query_sums(kernels.tile_queries, 1);
    const std::vector<float> multipliers(kernels.tile_queries, 1.0F);
    std::vector<std::uint64_t> survivors(kernels.tile_queries);
    kernels.pack(rows, panel.data());
    auto score_once = [=, &kernels]() mutable {
        const void* thresholds = is_coded ? static_cast<const void*>(float_thresholds.data())
                                          : static_cast<const void*>(int_thresholds.data());
        kernels.score_panel(panel.data(), tile.data(), depth, kernels.tile_queries, score,
                            {thresholds, query_sums.data(), multipliers.data(), multipliers.data()},
                            survivors.data());
        return survivors.data();
    };
    cpu::StreamBlock block = byte_block(inputs, operands, terms);
    block.num_rows = kernels.panel_rows;
    const std::uint64_t* found = score_once();
    for (std::uint32_t query = 0; query < kernels.tile_queries; ++query)
        require(found[query] == kernels.stream(block), "panel/" + std::string(table.isa) + shape);

    benchmark::RegisterBenchmark(
        ("panel/" + std::string(table.isa) + shape +
         "/queries:" + std::to_string(kernels.tile_queries))
            .c_str(),
        [=, &kernels](benchmark::State& state) mutable {
            for (auto _ : state)
                benchmark::DoNotOptimize(score_once());
            count_madds(state, inputs.dim * kernels.panel_rows * kernels.tile_queries);
        });
}

}  // namespace
}  // namespace skep::bench

int main(int argc, char** argv) {
    using namespace skep;
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    try {
        const bench::Inputs inputs[] = {bench::Inputs(128), bench::Inputs(960)};
        for (const std::string_view isa : cpu::usable_isa_names()) {
            const cpu::KernelTable& table = *cpu::choose_kernel_table(isa).value();
            for (const bench::Inputs& shape : inputs) {
                bench::add_refine(table, shape);
                bench::add_stream(table, shape);
                bench::add_float_panel(table, shape);
                bench::add_byte_panel(table, shape, cpu::IntegerScore::kSum);
                bench::add_byte_panel(table, shape, cpu::IntegerScore::kCoded);
            }
        }
        benchmark::RunSpecifiedBenchmarks();
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "cpu_kernels: %s\n", failure.what());
        return 1;
    }
    return 0;
}
