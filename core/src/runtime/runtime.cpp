// SPDX-License-Identifier: MIT
#include "runtime/runtime.hpp"

#include <algorithm>
#include <cstdint>

#include "plugin/backend_discovery.hpp"
#include "runtime/runtime_impl.hpp"
#include "skep/common/struct_copy.hpp"

// The CPU backend that is linked in: the same function that its plugin exports.
extern "C" skep_status skep_cpu_backend_entry(const skep_backend_request* request,
                                              skep_backend_answer* answer, skep_error* error);

namespace skep {
namespace {

constexpr std::uint32_t kMaxThreads = 4096;
constexpr std::uint64_t kMaxBackendPaths = 1024;
constexpr std::uint32_t kKnownFlags = SKEP_RUNTIME_IGNORE_ENVIRONMENT | SKEP_RUNTIME_BUILTIN_ONLY;

Error invalid_option(const char* field, const std::string& value, const std::string& expectation) {
    return Error(SKEP_INVALID_ARGUMENT,
                 std::string("skep_runtime_create: options.") + field + " is " + value +
                     "; expected " + expectation,
                 SKEP_LAYER_CLIENT);
}

Result<RuntimeSettings> read_settings(const skep_runtime_options* options) {
    RuntimeSettings settings;
    settings.is_elevated = has_elevated_privileges();
    if (options == nullptr) return settings;
    const skep_runtime_options read = read_struct(options);
    constexpr std::size_t kFloor = SKEP_SIZE_THROUGH(skep_runtime_options, flags);
    if (read.struct_size < kFloor) {
        return invalid_option("struct_size", std::to_string(read.struct_size),
                              "at least " + std::to_string(kFloor));
    }
    if ((read.flags & ~kKnownFlags) != 0) {
        return invalid_option("flags", std::to_string(read.flags),
                              "bits among " + std::to_string(kKnownFlags));
    }
    if (read.num_threads > kMaxThreads) {
        return invalid_option("num_threads", std::to_string(read.num_threads),
                              "at most " + std::to_string(kMaxThreads));
    }
    if (read.log_level < SKEP_LOG_OFF || read.log_level > SKEP_LOG_DEBUG) {
        return invalid_option("log_level", std::to_string(read.log_level), "0 to 4");
    }
    if (read.num_backend_paths > kMaxBackendPaths) {
        return invalid_option("num_backend_paths", std::to_string(read.num_backend_paths),
                              "at most " + std::to_string(kMaxBackendPaths));
    }
    if (read.num_backend_paths > 0 && read.backend_paths == nullptr) {
        return invalid_option("backend_paths", "NULL", "as many paths as num_backend_paths says");
    }
    for (std::uint64_t index = 0; index < read.num_backend_paths; ++index) {
        if (read.backend_paths[index] == nullptr) {
            return invalid_option(("backend_paths[" + std::to_string(index) + "]").c_str(), "NULL",
                                  "a path");
        }
        settings.backend_paths.emplace_back(read.backend_paths[index]);
    }
    settings.flags = read.flags;
    settings.num_threads = read.num_threads;
    settings.log_level = read.log_level;
    settings.log = read.log;
    settings.policy = {read.allow_load, read.user_data};
    return settings;
}

Environment environment_for(const RuntimeSettings& settings) {
    const bool is_ignored =
        settings.is_elevated || (settings.flags & SKEP_RUNTIME_IGNORE_ENVIRONMENT) != 0;
    return Environment(is_ignored ? Environment::Use::kIgnore : Environment::Use::kRead);
}

void log_discovery(const LogSink& log, const Discovery& discovery) {
    if (!log.is_enabled(SKEP_LOG_DEBUG)) return;
    for (const Place& place : discovery.places) {
        log.write(SKEP_LOG_DEBUG, "loader",
                  "looked at " + place.origin + " '" + place.path + "': " + place.message);
    }
    for (const Candidate& candidate : discovery.candidates) {
        log.write(SKEP_LOG_DEBUG, "loader",
                  "candidate '" + candidate.manifest.name + "' (" + candidate.origin +
                      "): " + to_text(candidate.stage) + ": " + candidate.message);
    }
}

}  // namespace

Runtime::Impl::Impl(const RuntimeSettings& settings)
    : settings_(settings), environment_(environment_for(settings)) {
    host_ = std::make_shared<Host>(
        LogSink(settings.log, settings.policy.user_data, settings.log_level, environment_),
        settings.num_threads != 0 ? settings.num_threads : num_usable_processors());

    LocatorInput input;
    input.caller_paths = settings.backend_paths;
    input.backend_path = environment_.variable("SKEP_BACKEND_PATH");
    input.is_builtin_only = (settings.flags & SKEP_RUNTIME_BUILTIN_ONLY) != 0;
    if (!input.is_builtin_only) input.library_path = path_of_this_library();
    input.install_folder = SKEP_INSTALLED_BACKEND_FOLDER;
    Discovery discovery =
        discover_backends(input, {"cpu", &skep_cpu_backend_entry, 0}, this_machine());
    log_discovery(host_->log(), discovery);
    registry_ = std::make_unique<BackendRegistry>(host_, std::move(discovery), settings.policy,
                                                  this_machine());
}

Result<std::vector<Runtime::Impl::Listed>> Runtime::Impl::list_devices() {
    const Result<void> loaded = registry_->load_all();
    std::vector<Listed> devices;
    for (const std::size_t index : registry_->by_priority()) {
        for (const skep_device_info& info : registry_->candidate(index).devices) {
            devices.push_back({index, info});
        }
    }
    if (devices.empty() && !loaded) return loaded.error();
    return devices;
}

Result<std::shared_ptr<Device>> Runtime::Impl::open(const Listed& device) {
    const std::lock_guard lock(opened_mutex_);
    std::shared_ptr<Device>& opened = opened_[{device.candidate, device.info.ordinal}];
    if (opened == nullptr) {
        Result<std::shared_ptr<Device>> result =
            Device::open(registry_->candidate(device.candidate).backend, device.info);
        if (!result) return result.error();
        opened = std::move(*result);
    }
    return opened;
}

Result<Runtime::Impl::Listed> Runtime::Impl::choose_best(const DeviceNeed* need,
                                                         std::shared_ptr<Device>* opened,
                                                         DeviceDecision& decision) {
    const Result<std::vector<Listed>> devices = list_devices();
    if (!devices) return devices.error();
    for (std::size_t index = 0; index < registry_->num_candidates(); ++index) {
        const Candidate candidate = registry_->candidate(index);
        // Those that lost their name to an earlier one were never in the running.
        if (!candidate.devices.empty() || candidate.stage == Stage::kName) continue;
        decision.passed_over.push_back(
            {candidate.manifest.name, candidate.reason, candidate.message});
    }
    std::optional<Listed> taken;
    std::optional<Error> last_failure;
    for (const Listed& device : *devices) {
        if (taken) {
            decision.passed_over.push_back(
                {device.info.id, SKEP_OK, std::string("comes after ") + taken->info.id});
            continue;
        }
        Result<void> fits = need == nullptr ? Result<void>() : check_need(device.info, *need);
        if (fits && opened != nullptr) {
            Result<std::shared_ptr<Device>> result = open(device);
            if (result) {
                *opened = std::move(*result);
            } else {
                fits = result.error();
            }
        }
        if (fits) {
            taken = device;
        } else {
            decision.passed_over.push_back(
                {device.info.id, fits.error().status(), fits.error().message()});
            last_failure = fits.error();
        }
    }
    if (taken) return *taken;
    // The last in line is the one that should always do: its reason is the request's.
    std::string why;
    for (const PassedOver& other : decision.passed_over) {
        why += (why.empty() ? "" : "; ") + other.name + ": " + other.message;
    }
    return Error(last_failure ? last_failure->status() : SKEP_DEVICE_NOT_AVAILABLE,
                 "device 'auto': no device will do: " + why, SKEP_LAYER_LOADER);
}

Result<Runtime::Impl::Listed> Runtime::Impl::choose_named(const DeviceName& name,
                                                          std::string_view text,
                                                          const DeviceNeed* need,
                                                          std::shared_ptr<Device>* opened) {
    const std::optional<std::size_t> index = registry_->find(name.backend);
    if (!index) {
        return Error(SKEP_UNKNOWN_DEVICE,
                     "device '" + std::string(text) +
                         "': no backend of that name is known; known: " + registry_->known_names(),
                     SKEP_LAYER_LOADER);
    }
    if (const Result<void> loaded = registry_->load(*index); !loaded) return loaded.error();
    const Candidate candidate = registry_->candidate(*index);
    if (candidate.devices.empty()) {
        return Error(SKEP_DEVICE_NOT_AVAILABLE,
                     "device '" + std::string(text) + "': backend '" + name.backend +
                         "' has none: " + skep_status_name(candidate.reason) + ": " +
                         candidate.message,
                     SKEP_LAYER_LOADER);
    }
    if (name.ordinal >= candidate.devices.size()) {
        return Error(SKEP_DEVICE_NOT_AVAILABLE,
                     "device '" + std::string(text) + "': backend '" + name.backend + "' has " +
                         std::to_string(candidate.devices.size()) +
                         (candidate.devices.size() == 1 ? " device" : " devices") +
                         ", numbered from 0",
                     SKEP_LAYER_LOADER);
    }
    const Listed device{*index, candidate.devices[name.ordinal]};
    if (need != nullptr) {
        if (const Result<void> fits = check_need(device.info, *need); !fits) return fits.error();
    }
    if (opened != nullptr) {
        Result<std::shared_ptr<Device>> result = open(device);
        if (!result) return result.error();
        *opened = std::move(*result);
    }
    return device;
}

Result<Runtime::Impl::Listed> Runtime::Impl::choose(std::string_view name, const DeviceNeed* need,
                                                    std::shared_ptr<Device>* opened,
                                                    DeviceDecision& decision) {
    decision.request = std::string(name);
    if (need != nullptr) decision.need = *need;
    const Result<DeviceName> parsed = parse_device_name(name);
    Result<Listed> chosen = !parsed           ? Result<Listed>(parsed.error())
                            : parsed->is_auto ? choose_best(need, opened, decision)
                                              : choose_named(*parsed, name, need, opened);
    if (chosen) {
        decision.taken = chosen->info.id;
        if (parsed->is_auto) record(decision);
    } else {
        decision.status = chosen.error().status();
        decision.message = chosen.error().message();
        record(decision);
    }
    return chosen;
}

void Runtime::Impl::record(DeviceDecision decision) {
    host_->log().write(SKEP_LOG_DEBUG, "runtime",
                       "device '" + decision.request + "': " +
                           (decision.taken.empty() ? decision.message : "took " + decision.taken));
    const std::lock_guard lock(decisions_mutex_);
    decisions_.push_back(std::move(decision));
    if (decisions_.size() <= kMaxDecisions) return;
    decisions_.pop_front();
    ++num_decisions_dropped_;
}

std::vector<DeviceDecision> Runtime::Impl::decisions() const {
    const std::lock_guard lock(decisions_mutex_);
    return {decisions_.begin(), decisions_.end()};
}

std::uint64_t Runtime::Impl::num_decisions_dropped() const {
    const std::lock_guard lock(decisions_mutex_);
    return num_decisions_dropped_;
}

Result<skep_device_info> Runtime::Impl::find_device(std::string_view name) {
    DeviceDecision decision;
    const Result<Listed> chosen = choose(name, nullptr, nullptr, decision);
    if (!chosen) return chosen.error();
    return read_info(*chosen);
}

Result<skep_device_info> Runtime::Impl::read_info(const Listed& device) const {
    const std::shared_ptr<Backend> backend = registry_->candidate(device.candidate).backend;
    return backend->device_info_with_memory(static_cast<std::uint32_t>(device.info.ordinal));
}

Result<std::shared_ptr<Device>> Runtime::Impl::open_device(std::string_view name,
                                                           const DeviceNeed& need) {
    DeviceDecision decision;
    std::shared_ptr<Device> opened;
    const Result<Listed> chosen = choose(name, &need, &opened, decision);
    if (!chosen) return chosen.error();
    return opened;
}

Runtime::Runtime(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {
}

Runtime::~Runtime() = default;

Result<std::shared_ptr<Runtime>> Runtime::create(const skep_runtime_options* options) {
    const Result<RuntimeSettings> settings = read_settings(options);
    if (!settings) return settings.error();
    return std::shared_ptr<Runtime>(new Runtime(std::make_unique<Impl>(*settings)));
}

Result<std::shared_ptr<Device>> Runtime::open_device(std::string_view name,
                                                     const DeviceNeed& need) {
    Result<std::shared_ptr<Device>> device = impl_->open_device(name, need);
    if (!device) return device.error();
    // Shares ownership of the runtime as well; the Device itself must not, or both would live for
    // ever.
    struct Both {
        std::shared_ptr<Runtime> runtime;
        std::shared_ptr<Device> device;
    };
    auto both = std::make_shared<Both>(Both{shared_from_this(), *device});
    return std::shared_ptr<Device>(both, both->device.get());
}

const skep_host_services& Runtime::services() const {
    return impl_->host().services();
}

}  // namespace skep
