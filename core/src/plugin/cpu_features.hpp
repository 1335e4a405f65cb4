// SPDX-License-Identifier: MIT
// Names of processor features that a manifest may require, and whether this processor has them.
#pragma once

#include <optional>
#include <string_view>

namespace skep {

// Nothing for a name that this build does not know.
std::optional<bool> has_processor_feature(std::string_view name);

}  // namespace skep
