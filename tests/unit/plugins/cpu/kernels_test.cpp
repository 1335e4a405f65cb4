// SPDX-License-Identifier: MIT
// Every kernel of every ISA against the definition and the scalar twin.
#include <cstdint>

#include <gtest/gtest.h>

#include "kernels/kernel_dispatch.hpp"
#include "unit/plugins/cpu/isa_test_name.hpp"
#include "unit/plugins/cpu/kernel_checks.hpp"

namespace skep::testing {
namespace {

class CpuKernels : public ::testing::TestWithParam<std::string_view> {
  protected:
    static const cpu::KernelTable& table() { return *cpu::choose_kernel_table(GetParam()).value(); }

    static void expect_none(const Findings& findings) {
        EXPECT_GT(findings.num_checks, 0U);
        for (const std::string& failure : findings.failures)
            ADD_FAILURE() << failure;
    }
};

TEST_P(CpuKernels, ComputeExactDistancesBitForBit) {
    Findings findings;
    for_element_types([&]<typename Element>() { check_exact_kernels<Element>(table(), findings); });
    expect_none(findings);
}

TEST_P(CpuKernels, BoundFloatScoresOfFloatRows) {
    Findings findings;
    check_float_kernels<float>(table(), findings);
    expect_none(findings);
}

TEST_P(CpuKernels, BoundFloatScoresOfNarrowRows) {
    Findings findings;
    check_float_kernels<Half>(table(), findings);
    check_float_kernels<Brain>(table(), findings);
    check_float_kernels<std::int8_t>(table(), findings);
    check_float_kernels<std::uint8_t>(table(), findings);
    expect_none(findings);
}

TEST_P(CpuKernels, WidenEveryElement) {
    Findings findings;
    check_widening<Half>(table(), findings);
    check_widening<Brain>(table(), findings);
    check_widening<std::int8_t>(table(), findings);
    check_widening<std::uint8_t>(table(), findings);
    expect_none(findings);
}

TEST_P(CpuKernels, ScoreBytesAsTheScalarTwin) {
    Findings findings;
    check_integer_kernels<std::int8_t>(table(), findings);
    check_integer_kernels<std::uint8_t>(table(), findings);
    expect_none(findings);
}

TEST_P(CpuKernels, GatherDotProductsOfRowsAnywhere) {
    Findings findings;
    check_gather<std::int8_t>(table(), findings);
    check_gather<std::uint8_t>(table(), findings);
    expect_none(findings);
}

TEST_P(CpuKernels, BoundScoresOfCodes) {
    Findings findings;
    check_coded_kernels(table(), findings);
    expect_none(findings);
}

INSTANTIATE_TEST_SUITE_P(EveryIsa, CpuKernels, ::testing::ValuesIn(cpu::usable_isa_names()),
                         IsaTestName());

TEST(CpuKernelChoice, RefusesUnknownNames) {
    const auto chosen = cpu::choose_kernel_table("sse9");

    ASSERT_FALSE(chosen.has_value());
    EXPECT_EQ(chosen.error().status(), SKEP_INVALID_ARGUMENT);
    EXPECT_NE(std::string(chosen.error().message()).find("SKEP_CPU_ISA=sse9"), std::string::npos);
    EXPECT_NE(std::string(chosen.error().message()).find("scalar"), std::string::npos);
}

TEST(CpuKernelChoice, RefusesWhatTheProcessorLacks) {
    for (const std::string_view isa : cpu::known_isa_names()) {
        const auto usable = cpu::usable_isa_names();
        const auto chosen = cpu::choose_kernel_table(isa);
        if (std::find(usable.begin(), usable.end(), isa) != usable.end()) {
            ASSERT_TRUE(chosen.has_value());
            EXPECT_EQ(chosen.value()->isa, isa);
        } else {
            ASSERT_FALSE(chosen.has_value());
            EXPECT_EQ(chosen.error().status(), SKEP_UNSUPPORTED);
        }
    }
}

TEST(CpuKernelChoice, TakesTheBestByDefault) {
    EXPECT_EQ(cpu::choose_kernel_table("").value()->isa, cpu::usable_isa_names().front());
}

}  // namespace
}  // namespace skep::testing
