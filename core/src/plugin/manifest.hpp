// SPDX-License-Identifier: MIT
// The JSON file beside a backend's library: all that is known of a backend before any of its code
// runs.
//
//     {"skep_manifest": 1, "name": "cuda", "library": "skep_backend_cuda.so", "version": "0.1.0",
//      "abi": {"min": 1, "max": 1}, "priority": 100,
//      "requires": {"cpu_features": ["avx2"], "driver_libraries": ["libcuda.so.1"]},
//      "description": "..."}
//
// skep_manifest, name, library and abi are required. Everything else in the file is an error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plugin/abi_negotiation.hpp"
#include "skep/result.hpp"

namespace skep {

inline constexpr std::uint64_t kManifestSchema = 1;
inline constexpr std::size_t kMaxManifestBytes = 64 * 1024;

struct Manifest {
    std::string name;         // [a-z][a-z0-9_-]*, at most 32; never "auto"
    std::string library;      // relative to the manifest's folder, never leaving it
    std::string version;      // for people; may be empty
    std::string description;  // for people; may be empty
    AbiRange abi;
    std::int32_t priority = 0;  // "auto" takes the highest that has a device; the CPU has 0
    std::vector<std::string> cpu_features;
    std::vector<std::string> driver_libraries;  // sonames
};

// SKEP_MANIFEST_INVALID with "path:line:column: ..." in the text. `path` is for messages only.
Result<Manifest> parse_manifest(std::string_view text, const std::string& path);

}  // namespace skep
