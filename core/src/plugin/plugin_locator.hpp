// SPDX-License-Identifier: MIT
// Where backends may live, and in which order. Never the current folder by itself, never the
// system's library search.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "plugin/candidate.hpp"

namespace skep {

// What the answer depends on; nothing else is asked.
struct LocatorInput {
    std::vector<std::string> caller_paths;    // folders or manifests, absolute or relative
    std::optional<std::string> backend_path;  // SKEP_BACKEND_PATH: absolute ones between colons
    std::string library_path;                 // of libskep; empty: not known
    std::string install_folder;               // of an installed build; empty: none
    bool is_builtin_only = false;             // no place but the built-in backend
};

inline constexpr const char* kOriginCaller = "caller";
inline constexpr const char* kOriginEnvironment = "SKEP_BACKEND_PATH";
inline constexpr const char* kOriginBuiltin = "builtin";
inline constexpr const char* kOriginBesideLibrary = "beside libskep";
inline constexpr const char* kOriginInstallFolder = "install folder";

// Every place in the order of looking, refused ones included, with the manifests in it.
std::vector<Place> locate_plugins(const LocatorInput& input);

}  // namespace skep
