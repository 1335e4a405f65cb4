// SPDX-License-Identifier: MIT
// Picks the kernels for this processor, once, when the backend is created.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernels/kernel_table.hpp"
#include "skep/result.hpp"

namespace skep::cpu {

// Names that SKEP_CPU_ISA accepts in this build, best first, whether this processor has them or
// not.
[[nodiscard]] std::vector<std::string_view> known_isa_names();

// The same, those that this processor has.
[[nodiscard]] std::vector<std::string_view> usable_isa_names();

// The table of a name; the best usable one for an empty name. SKEP_INVALID_ARGUMENT for a name that
// is not known here, SKEP_UNSUPPORTED for one that this processor lacks: never another table.
Result<const KernelTable*> choose_kernel_table(std::string_view forced_isa);

}  // namespace skep::cpu
