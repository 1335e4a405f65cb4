// SPDX-License-Identifier: MIT
#include "plugin/backend_discovery.hpp"

#include <filesystem>
#include <map>

namespace skep {
namespace {

namespace fs = std::filesystem;

Candidate builtin_candidate(const BuiltinBackend& builtin) {
    Candidate candidate;
    candidate.origin = kOriginBuiltin;
    candidate.manifest.name = builtin.name;
    candidate.manifest.version = skep_version();
    candidate.manifest.description = "linked into libskep";
    candidate.manifest.abi = kHostAbi;
    candidate.manifest.priority = builtin.priority;
    candidate.builtin_entry = builtin.entry;
    return candidate;
}

Result<void> check_processor(const Manifest& manifest, const HostProbe& probe) {
    for (const std::string& feature : manifest.cpu_features) {
        const std::optional<bool> has = probe.has_cpu_feature(feature);
        if (has && *has) continue;
        return Error(SKEP_REQUIREMENT_NOT_MET,
                     "requires processor feature '" + feature +
                         (has ? "', which this processor does not have"
                              : "', which this libskep does not know"),
                     SKEP_LAYER_LOADER);
    }
    return {};
}

// Fills in what the manifest says and refuses the candidate at the first thing that speaks against
// it.
void examine(Candidate& candidate, const HostProbe& probe, const AbiRange& host_abi) {
    const fs::path path(candidate.manifest_path);
    const Result<std::string> folder = trust_folder(path.parent_path().string());
    if (!folder) return candidate.refuse(Stage::kTrust, folder.error());
    const Result<TrustedFile> file = read_trusted_file(*folder, path.filename().string(),
                                                       kMaxManifestBytes, SKEP_MANIFEST_INVALID);
    if (!file) {
        const bool is_form = file.error().status() == SKEP_MANIFEST_INVALID;
        return candidate.refuse(is_form ? Stage::kManifest : Stage::kTrust, file.error());
    }
    Result<Manifest> manifest = parse_manifest(file->text, candidate.manifest_path);
    if (!manifest) return candidate.refuse(Stage::kManifest, manifest.error());
    candidate.manifest = std::move(*manifest);
    candidate.library_path = (fs::path(*folder) / candidate.manifest.library).string();
    if (!highest_common_version(host_abi, candidate.manifest.abi)) {
        return candidate.refuse(Stage::kManifest,
                                abi_mismatch("manifest: backend '" + candidate.manifest.name + "'",
                                             host_abi, candidate.manifest.abi));
    }
    if (const Result<void> able = check_processor(candidate.manifest, probe); !able) {
        return candidate.refuse(Stage::kRequirements, able.error());
    }
    Result<TrustedFile> library = trust_file(*folder, candidate.manifest.library);
    if (!library) return candidate.refuse(Stage::kTrust, library.error());
    candidate.library_path = library->path;
    candidate.library_identity = library->identity;
    candidate.message = candidate.manifest.driver_libraries.empty()
                            ? "not loaded so far"
                            : "not loaded so far, driver libraries not checked";
}

}  // namespace

Discovery discover_backends(const LocatorInput& input, const BuiltinBackend& builtin,
                            const HostProbe& probe, const AbiRange& host_abi) {
    Discovery discovery;
    discovery.places = locate_plugins(input);
    std::map<std::string, std::size_t> standing;  // name -> candidate
    const auto take = [&](Candidate candidate) {
        if (candidate.state == SKEP_BACKEND_FOUND) {
            const std::string& name = candidate.manifest.name;
            const auto [earlier, is_first] = standing.emplace(name, discovery.candidates.size());
            if (!is_first) {
                const Candidate& first = discovery.candidates[earlier->second];
                const bool is_same_file =
                    !first.is_builtin() && !candidate.is_builtin() &&
                    first.library_identity.is_same_file(candidate.library_identity);
                candidate.refuse(Stage::kName, SKEP_BACKEND_NAME_CLASH,
                                 "backend '" + name + "' was found before (" + first.origin +
                                     (first.is_builtin() ? "" : ", " + first.manifest_path) +
                                     (is_same_file ? "); it is the same library" : ")"));
            }
        }
        discovery.candidates.push_back(std::move(candidate));
    };
    for (const Place& place : discovery.places) {
        if (place.origin == kOriginBuiltin && builtin.entry != nullptr) {
            take(builtin_candidate(builtin));
        }
        for (const std::string& path : place.manifests) {
            Candidate candidate;
            candidate.origin = place.origin;
            candidate.manifest_path = path;
            // Until the manifest tells better.
            candidate.manifest.name = fs::path(path).stem().string();
            examine(candidate, probe, host_abi);
            take(std::move(candidate));
        }
    }
    return discovery;
}

}  // namespace skep
