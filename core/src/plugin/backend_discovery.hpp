// SPDX-License-Identifier: MIT
// From places to candidates: reads every manifest and decides what speaks against it. Opens no
// library.
#pragma once

#include <cstdint>

#include "plugin/candidate.hpp"
#include "plugin/host_probe.hpp"
#include "plugin/plugin_locator.hpp"

namespace skep {

// A backend that is part of libskep.
struct BuiltinBackend {
    const char* name = nullptr;
    skep_backend_entry_fn entry = nullptr;
    std::int32_t priority = 0;
};

// Candidates in the order of finding: by place, then by manifest name. Of those that nothing speaks
// against, the first of a name stands; later ones are refused with SKEP_BACKEND_NAME_CLASH.
Discovery discover_backends(const LocatorInput& input, const BuiltinBackend& builtin,
                            const HostProbe& probe, const AbiRange& host_abi = kHostAbi);

}  // namespace skep
