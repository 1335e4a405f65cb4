// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <string>

namespace skep::testing {

// Names tests over usable_isa_names(): GoogleTest takes no dashes.
struct IsaTestName {
    template <typename ParamInfo>
    std::string operator()(const ParamInfo& isa) const {
        std::string name(isa.param);
        std::replace(name.begin(), name.end(), '-', '_');
        return name;
    }
};

}  // namespace skep::testing
