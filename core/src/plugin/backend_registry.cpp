// SPDX-License-Identifier: MIT
#include "plugin/backend_registry.hpp"

#include <algorithm>
#include <cstdint>

#include "plugin/operation_table.hpp"
#include "plugin/plugin_library.hpp"
#include "skep/common/struct_copy.hpp"

namespace skep {
namespace {

// What a backend needs for as long as it lives, in the order in which it may go.
struct BackendSupport {
    std::shared_ptr<Host> host;
    std::shared_ptr<const PluginLibrary> library;
};

Result<void> ask_policy(const LoadPolicy& policy, const Candidate& candidate) {
    if (policy.allow_load == nullptr || candidate.is_builtin()) return {};
    skep_load_attempt attempt{};
    attempt.struct_size = sizeof attempt;
    attempt.backend_name = candidate.manifest.name.c_str();
    attempt.manifest_path = candidate.manifest_path.c_str();
    attempt.library_path = candidate.library_path.c_str();
    if (policy.allow_load(policy.user_data, &attempt) != 0) return {};
    return Error(SKEP_VETOED,
                 "load: the application's allow_load refused '" + candidate.library_path + "'",
                 SKEP_LAYER_LOADER);
}

Result<std::vector<skep_device_info>> list_devices(const Backend& backend) {
    const Result<void> probed = backend.probe();
    if (!probed) return probed.error();
    const Result<std::uint32_t> count = backend.device_count();
    if (!count) return count.error();
    if (*count == 0) {
        return Error(SKEP_DEVICE_NOT_AVAILABLE,
                     "device count: backend '" + backend.name() + "' has no device",
                     SKEP_LAYER_BACKEND);
    }
    std::vector<skep_device_info> devices;
    for (std::uint32_t ordinal = 0; ordinal < *count; ++ordinal) {
        const Result<skep_device_info> info = backend.device_info(ordinal);
        if (!info) return info.error();
        devices.push_back(*info);
    }
    return devices;
}

}  // namespace

BackendRegistry::BackendRegistry(std::shared_ptr<Host> host, Discovery discovery, LoadPolicy policy,
                                 const HostProbe& probe, AbiRange host_abi)
    : host_(std::move(host)),
      places_(std::move(discovery.places)),
      policy_(policy),
      probe_(probe),
      host_abi_(host_abi),
      candidates_(std::move(discovery.candidates)) {
}

Candidate BackendRegistry::candidate(std::size_t index) const {
    const std::lock_guard lock(candidates_mutex_);
    return candidates_.at(index);
}

std::optional<std::size_t> BackendRegistry::find(std::string_view name) const {
    const std::lock_guard lock(candidates_mutex_);
    std::optional<std::size_t> first;
    for (std::size_t index = 0; index < candidates_.size(); ++index) {
        const Candidate& candidate = candidates_[index];
        if (candidate.manifest.name != name) continue;
        // Refused before loading means that a later one may take the name; refused while loading
        // does not: what was chosen failed, and that is the answer.
        if (candidate.stage >= Stage::kFound) return index;
        if (!first) first = index;
    }
    return first;
}

std::string BackendRegistry::known_names() const {
    const std::lock_guard lock(candidates_mutex_);
    std::vector<std::string> names;
    for (const Candidate& candidate : candidates_) {
        if (std::find(names.begin(), names.end(), candidate.manifest.name) == names.end()) {
            names.push_back(candidate.manifest.name);
        }
    }
    std::string text;
    for (const std::string& name : names)
        text += (text.empty() ? "" : ", ") + name;
    return text.empty() ? "none" : text;
}

Result<void> BackendRegistry::load_all() {
    Result<void> outcome;
    for (std::size_t index = 0; index < num_candidates(); ++index) {
        Result<void> loaded = load(index);
        if (outcome && !loaded) outcome = std::move(loaded);
    }
    return outcome;
}

Result<void> BackendRegistry::load(std::size_t index) {
    const std::lock_guard one_at_a_time(load_mutex_);
    Candidate progress = candidate(index);
    if (progress.state != SKEP_BACKEND_FOUND) return {};
    const std::string& name = progress.manifest.name;
    host_->log().write(SKEP_LOG_DEBUG, "loader",
                       "loading backend '" + name + "' from " +
                           (progress.is_builtin() ? "libskep itself" : progress.library_path));
    try {
        const Result<void> loaded = load_steps(progress);
        if (loaded) {
            progress.state = SKEP_BACKEND_LOADED;
            progress.stage = Stage::kReady;
            progress.message = std::to_string(progress.devices.size()) +
                               (progress.devices.size() == 1 ? " device" : " devices");
        } else if (progress.stage == Stage::kDevices) {
            // Loaded, and has nothing to offer here: information, not a defect.
            progress.state = SKEP_BACKEND_LOADED;
            progress.reason = loaded.error().status();
            progress.message = loaded.error().message();
        } else {
            progress.refuse(progress.stage, loaded.error());
        }
    } catch (const std::bad_alloc&) {
        return Error(SKEP_OUT_OF_HOST_MEMORY, "load: out of host memory", SKEP_LAYER_LOADER);
    } catch (const std::exception& failure) {
        progress.refuse(
            progress.stage, SKEP_BACKEND_MISBEHAVED,
            "backend '" + name + "' threw across the boundary (PLUGIN-5): " + failure.what());
    } catch (...) {
        progress.refuse(progress.stage, SKEP_BACKEND_MISBEHAVED,
                        "backend '" + name + "' threw across the boundary (PLUGIN-5)");
    }
    if (progress.state == SKEP_BACKEND_REFUSED) progress.backend = nullptr;
    host_->log().write(
        progress.reason == SKEP_OK ? SKEP_LOG_INFO : SKEP_LOG_WARNING, "loader",
        "backend '" + name + "': " + to_text(progress.stage) + ": " + progress.message);
    const std::lock_guard lock(candidates_mutex_);
    candidates_[index] = std::move(progress);
    return {};
}

Result<void> BackendRegistry::load_steps(Candidate& progress) const {
    progress.stage = Stage::kPolicy;
    if (const Result<void> allowed = ask_policy(policy_, progress); !allowed) {
        return allowed.error();
    }
    auto support = std::make_shared<BackendSupport>();
    support->host = host_;
    skep_backend_entry_fn entry = progress.builtin_entry;
    if (!progress.is_builtin()) {
        progress.stage = Stage::kRequirements;
        for (const std::string& soname : progress.manifest.driver_libraries) {
            if (const Result<void> found = probe_.find_driver_library(soname); !found) {
                return found.error();
            }
        }
        progress.stage = Stage::kTrust;
        if (const Result<void> same =
                check_unchanged(progress.library_path, progress.library_identity);
            !same) {
            return same.error();
        }
        progress.stage = Stage::kLibrary;
        Result<std::shared_ptr<const PluginLibrary>> library =
            PluginLibrary::open(progress.library_path, progress.library_identity);
        if (!library) return library.error();
        support->library = std::move(*library);
        entry = support->library->entry();
    }
    progress.stage = Stage::kNegotiation;
    const Result<skep_backend_answer> answer = negotiate(entry, host_abi_, progress.manifest.name);
    if (!answer) return answer.error();
    if (progress.manifest.version.empty()) progress.manifest.version = answer->version;

    progress.stage = Stage::kOperations;
    const Result<skep_backend_operations> operations =
        complete_operations(answer->operations, progress.manifest.name);
    if (!operations) return operations.error();

    progress.stage = Stage::kCreate;
    const skep_host_services& services = host_->services();
    Result<std::shared_ptr<Backend>> backend = Backend::create(
        progress.manifest.name, *operations, services, std::shared_ptr<const void>(support));
    if (!backend) return backend.error();
    progress.backend = std::move(*backend);

    progress.stage = Stage::kDevices;
    Result<std::vector<skep_device_info>> devices = list_devices(*progress.backend);
    if (!devices) return devices.error();
    progress.devices = std::move(*devices);
    return {};
}

std::vector<std::size_t> BackendRegistry::by_priority() const {
    const std::lock_guard lock(candidates_mutex_);
    std::vector<std::size_t> indices;
    for (std::size_t index = 0; index < candidates_.size(); ++index) {
        if (!candidates_[index].devices.empty()) indices.push_back(index);
    }
    std::stable_sort(indices.begin(), indices.end(), [this](std::size_t a, std::size_t b) {
        return candidates_[a].manifest.priority > candidates_[b].manifest.priority;
    });
    return indices;
}

}  // namespace skep
