// SPDX-License-Identifier: MIT
#include "kernels/kernel_dispatch.hpp"

#include <fmt/format.h>

#include <iterator>

#include "cpu_features.hpp"
#include "kernels/scalar/tables.hpp"
#include "skep/plugin_support/guard.hpp"
#if defined(__x86_64__)
#include "kernels/avx2/tables.hpp"
#include "kernels/avx512/tables.hpp"
#elif defined(__aarch64__)
#include "kernels/neon/tables.hpp"
#endif

namespace skep::cpu {
namespace {

struct Choice {
    KernelTable table;
    bool (*is_usable)(const CpuFeatures&);
};

// Best first.
const Choice kChoices[] = {
#if defined(__x86_64__)
    {{"avx512-vnni", kAvx512Exact, &kAvx512Floats, &kAvx512Integers, &kAvx512SignedIntegers},
     [](const CpuFeatures& cpu) { return cpu.has_avx512 && cpu.has_avx512_vnni; }},
    // Floats overtake at 20 to 100 queries (dim 128 to 768): 8 100 queries/s against 6 500 in
    // batches of 1 000, 100 000 x 128 rows.
    {{"avx512", kAvx512Exact, &kAvx512Floats, &kAvx2Integers, &kAvx2SignedIntegers, 32},
     [](const CpuFeatures& cpu) { return cpu.has_avx512; }},
    {{"avx2", kAvx2Exact, &kAvx2Floats, &kAvx2Integers, &kAvx2SignedIntegers},
     [](const CpuFeatures& cpu) { return cpu.has_avx2; }},
#elif defined(__aarch64__)
    {{"neon", kNeonExact, &kNeonFloats, &kNeonIntegers, &kNeonSignedIntegers},
     [](const CpuFeatures&) { return true; }},  // part of the baseline
#endif
    {{"scalar", kScalarExact, &kScalarFloats, &kScalarIntegers, &kScalarSignedIntegers},
     [](const CpuFeatures&) { return true; }},
};

std::string joined(const std::vector<std::string_view>& names) {
    return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

std::vector<std::string_view> known_isa_names() {
    std::vector<std::string_view> names;
    for (const Choice& choice : kChoices)
        names.emplace_back(choice.table.isa);
    return names;
}

std::vector<std::string_view> usable_isa_names() {
    std::vector<std::string_view> names;
    for (const Choice& choice : kChoices) {
        if (choice.is_usable(cpu_features())) names.emplace_back(choice.table.isa);
    }
    return names;
}

Result<const KernelTable*> choose_kernel_table(std::string_view forced_isa) {
    for (const Choice& choice : kChoices) {
        if (forced_isa.empty() && choice.is_usable(cpu_features())) return &choice.table;
        if (forced_isa != choice.table.isa) continue;
        if (choice.is_usable(cpu_features())) return &choice.table;
        return plugin::backend_error(
            SKEP_UNSUPPORTED,
            fmt::format("cpu create: SKEP_CPU_ISA={} needs instructions that this processor or its "
                        "operating system lacks; usable here: {}",
                        forced_isa, joined(usable_isa_names())));
    }
    return plugin::backend_error(SKEP_INVALID_ARGUMENT,
                                 fmt::format("cpu create: SKEP_CPU_ISA={} is not known; known: {}",
                                             forced_isa, joined(known_isa_names())));
}

}  // namespace skep::cpu
