// SPDX-License-Identifier: MIT
#include "plugin/cpu_features.hpp"

#if defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace skep {
namespace {

struct Feature {
    std::string_view name;
    bool (*is_present)();
};

// The compiler's probe also asks whether the system saves the wide registers.
#if defined(__x86_64__)
#define SKEP_FEATURE(name)                                                   \
    Feature {                                                                \
        name, [] { return static_cast<bool>(__builtin_cpu_supports(name)); } \
    }
constexpr Feature kFeatures[] = {
    SKEP_FEATURE("sse3"),       SKEP_FEATURE("ssse3"),      SKEP_FEATURE("sse4.1"),
    SKEP_FEATURE("sse4.2"),     SKEP_FEATURE("popcnt"),     SKEP_FEATURE("avx"),
    SKEP_FEATURE("avx2"),       SKEP_FEATURE("fma"),        SKEP_FEATURE("bmi"),
    SKEP_FEATURE("bmi2"),       SKEP_FEATURE("f16c"),       SKEP_FEATURE("avx512f"),
    SKEP_FEATURE("avx512bw"),   SKEP_FEATURE("avx512cd"),   SKEP_FEATURE("avx512dq"),
    SKEP_FEATURE("avx512vl"),   SKEP_FEATURE("avx512vnni"), SKEP_FEATURE("avx512bf16"),
    SKEP_FEATURE("avx512vbmi"),
};
#undef SKEP_FEATURE
#elif defined(__aarch64__)
template <unsigned long Word, unsigned long Bit>
bool has_bit() {
    return (getauxval(Word) & Bit) != 0;
}
constexpr Feature kFeatures[] = {
    {"neon", has_bit<AT_HWCAP, HWCAP_ASIMD>},   {"dotprod", has_bit<AT_HWCAP, HWCAP_ASIMDDP>},
    {"fp16", has_bit<AT_HWCAP, HWCAP_ASIMDHP>}, {"sve", has_bit<AT_HWCAP, HWCAP_SVE>},
    {"sve2", has_bit<AT_HWCAP2, HWCAP2_SVE2>},  {"bf16", has_bit<AT_HWCAP2, HWCAP2_BF16>},
    {"i8mm", has_bit<AT_HWCAP2, HWCAP2_I8MM>},
};
#else
constexpr Feature kFeatures[] = {{"generic", [] { return true; }}};
#endif

}  // namespace

std::optional<bool> has_processor_feature(std::string_view name) {
    for (const Feature& feature : kFeatures) {
        if (feature.name == name) return feature.is_present();
    }
    return std::nullopt;
}

}  // namespace skep
