// SPDX-License-Identifier: MIT
// What discovery found and what became of it: places, and candidate backends.
#pragma once

#include <skep/skep.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bridge/backend.hpp"
#include "plugin/file_trust.hpp"
#include "plugin/manifest.hpp"

namespace skep {

// A folder or manifest that was looked at, in the order of looking.
struct Place {
    std::string origin;  // "caller", "SKEP_BACKEND_PATH", "builtin", "beside libskep", ...
    std::string path;    // as given; empty for the built-in backend
    skep_status reason = SKEP_OK;
    std::string message;                 // what was found or why nothing was
    std::vector<std::string> manifests;  // absolute paths, sorted by bytes of their names
};

// How far a candidate has come; where it was refused, what refused it.
enum class Stage {
    kManifest,      // reading the file, its form, its ABI range
    kTrust,         // who could have changed the files
    kRequirements,  // processor features, driver libraries
    kName,          // an earlier one has its name
    kFound,         // nothing against it; not loaded so far
    kPolicy,        // the application's load callback
    kLibrary,       // opening it, its entry symbol
    kNegotiation,   // the answer of its entry function
    kOperations,    // completeness of its table
    kCreate,        // its create operation
    kDevices,       // probing and listing devices
    kReady,         // has devices
};
const char* to_text(Stage stage);

struct Candidate {
    Manifest manifest;
    std::string origin;
    std::string manifest_path;
    std::string library_path;
    FileIdentity library_identity;  // as checked; the file that is loaded must still be this one
    skep_backend_entry_fn builtin_entry = nullptr;

    std::int32_t state = SKEP_BACKEND_FOUND;
    Stage stage = Stage::kFound;
    skep_status reason = SKEP_OK;
    std::string message;

    std::shared_ptr<Backend> backend;       // once loaded
    std::vector<skep_device_info> devices;  // as they were when the backend was loaded

    [[nodiscard]] bool is_builtin() const { return builtin_entry != nullptr; }
    void refuse(Stage at, skep_status why, const std::string& text) {
        state = SKEP_BACKEND_REFUSED;
        stage = at;
        reason = why;
        message = text;
    }
    void refuse(Stage at, const Error& error) { refuse(at, error.status(), error.message()); }
};

// Everything found, in the order of finding.
struct Discovery {
    std::vector<Place> places;
    std::vector<Candidate> candidates;
};

}  // namespace skep
