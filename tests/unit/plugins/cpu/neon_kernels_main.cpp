// SPDX-License-Identifier: MIT
// The kernel checks for AArch64 as a plain program: scripts/neon_kernels.sh cross-compiles it and
// runs it under qemu-user.
#include <cstdio>

#include "kernels/neon/tables.hpp"
#include "unit/plugins/cpu/kernel_checks.hpp"

int main() {
    using namespace skep;
    const cpu::KernelTable tables[] = {{"scalar", cpu::kScalarExact, &cpu::kScalarFloats,
                                        &cpu::kScalarIntegers, &cpu::kScalarSignedIntegers},
                                       {"neon", cpu::kNeonExact, &cpu::kNeonFloats,
                                        &cpu::kNeonIntegers, &cpu::kNeonSignedIntegers}};
    bool has_failed = false;
    for (const cpu::KernelTable& table : tables) {
        testing::Findings findings;
        testing::check_kernel_table(table, findings);
        for (const std::string& failure : findings.failures)
            std::printf("FAILED %s\n", failure.c_str());
        std::printf("%s: %llu checks, %s\n", table.isa,
                    static_cast<unsigned long long>(findings.num_checks),
                    findings.failures.empty() ? "passed" : "failed");
        has_failed |= !findings.failures.empty() || findings.num_checks == 0;
    }
    return has_failed ? 1 : 0;
}
