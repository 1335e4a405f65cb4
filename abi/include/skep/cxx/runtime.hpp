// SPDX-License-Identifier: MIT
// Backends, devices and worker threads.
#pragma once

#include <skep/skep.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "skep/cxx/call.hpp"
#include "skep/cxx/keys.hpp"

namespace skep {
inline namespace cxx {

// skep_device_info with the arithmetic that users ask of it.
struct DeviceInfo : skep_device_info {
    DeviceInfo() : skep_device_info{} { struct_size = sizeof(skep_device_info); }
    [[nodiscard]] std::uint64_t used_memory_bytes() const noexcept {
        return total_memory_bytes - free_memory_bytes;
    }
    // 0 to 100; 0 for a device that does not tell its memory.
    [[nodiscard]] double memory_usage_percent() const noexcept {
        if (total_memory_bytes == 0) return 0.0;
        return 100.0 * static_cast<double>(used_memory_bytes()) /
               static_cast<double>(total_memory_bytes);
    }
    [[nodiscard]] bool has_free_memory(std::uint64_t bytes) const noexcept {
        return free_memory_bytes >= bytes;
    }
    [[nodiscard]] std::uint64_t total_memory_mib() const noexcept {
        return total_memory_bytes >> 20;
    }
    [[nodiscard]] std::uint64_t free_memory_mib() const noexcept { return free_memory_bytes >> 20; }
    [[nodiscard]] bool supports(skep_metric metric, skep_dtype dtype) const noexcept {
        return metric >= 0 && metric < SKEP_NUM_METRICS && dtype >= 0 && dtype < 32 &&
               (supported_dtypes[metric] >> static_cast<unsigned>(dtype) & 1U) != 0;
    }
    // capability: a SKEP_CAPABILITY_ bit.
    [[nodiscard]] bool has_capability(std::uint64_t capability) const noexcept {
        return (capabilities & capability) != 0;
    }
};

// skep_runtime_options with C++ callbacks, which must not throw and may run on any thread, several
// at once. They live as long as the runtime and every collection of it.
struct RuntimeOptions {
    std::uint32_t flags = 0;                 // SKEP_RUNTIME_ bits
    std::uint32_t num_threads = 0;           // 0: one per usable processor
    std::int32_t log_level = SKEP_LOG_OFF;   // SKEP_LOG_
    std::vector<std::string> backend_paths;  // folders of manifests, or manifests
    std::function<void(std::int32_t level, std::string_view component, std::string_view message)>
        log;
    std::function<bool(const skep_load_attempt &attempt)> allow_load;
};

namespace detail {

// Where the callbacks of a runtime live. Everything that keeps the C runtime alive holds them too.
struct RuntimeCallbacks {
    RuntimeOptions options;

    static void log(void *user_data, std::int32_t level, const char *component, std::uint64_t,
                    const char *message) noexcept {
        static_cast<const RuntimeCallbacks *>(user_data)->options.log(level, component, message);
    }
    static std::int32_t allow_load(void *user_data, const skep_load_attempt *attempt) noexcept {
        return static_cast<const RuntimeCallbacks *>(user_data)->options.allow_load(*attempt) ? 1
                                                                                              : 0;
    }
};

}  // namespace detail

class Runtime {
  public:
    // options: NULL for none; what its callbacks need outlives the runtime and its collections.
    static Result<Runtime> create(const skep_runtime_options *options = nullptr) {
        skep_runtime *handle = nullptr;
        const Result<void> made = detail::call(skep_runtime_create, options, &handle);
        if (!made) return made.error();
        return Runtime(handle, nullptr);
    }
    static Result<Runtime> create(RuntimeOptions options) {
        auto callbacks = std::make_shared<detail::RuntimeCallbacks>();
        callbacks->options = std::move(options);
        const RuntimeOptions &kept = callbacks->options;
        std::vector<const char *> paths;
        paths.reserve(kept.backend_paths.size());
        for (const std::string &path : kept.backend_paths)
            paths.push_back(path.c_str());
        skep_runtime_options plain = SKEP_RUNTIME_OPTIONS_INIT;
        plain.flags = kept.flags;
        plain.num_threads = kept.num_threads;
        plain.log_level = kept.log_level;
        plain.backend_paths = paths.data();
        plain.num_backend_paths = paths.size();
        if (kept.log) plain.log = &detail::RuntimeCallbacks::log;
        if (kept.allow_load) plain.allow_load = &detail::RuntimeCallbacks::allow_load;
        plain.user_data = callbacks.get();
        Result<Runtime> made = create(&plain);
        if (made) made->callbacks_ = std::move(callbacks);
        return made;
    }

    // All candidate backends and what became of them so far.
    [[nodiscard]] Result<std::vector<skep_backend_info>> backends() const {
        std::uint64_t count = 0;
        if (auto done = detail::call(skep_runtime_num_backends, get(), &count); !done) {
            return done.error();
        }
        std::vector<skep_backend_info> infos(static_cast<std::size_t>(count));
        for (std::uint64_t index = 0; index < count; ++index) {
            skep_backend_info &info = infos[static_cast<std::size_t>(index)];
            info.struct_size = sizeof info;
            if (auto done = detail::call(skep_runtime_backend_at, get(), index, &info); !done) {
                return done.error();
            }
        }
        return infos;
    }

    // All devices, best first.
    [[nodiscard]] Result<std::vector<DeviceInfo>> devices() const {
        std::uint64_t count = 0;
        if (auto done = detail::call(skep_runtime_num_devices, get(), &count); !done) {
            return done.error();
        }
        std::vector<DeviceInfo> infos(static_cast<std::size_t>(count));
        for (std::uint64_t index = 0; index < count; ++index) {
            DeviceInfo *info = &infos[static_cast<std::size_t>(index)];
            if (auto done = detail::call(skep_runtime_device_at, get(), index, info); !done) {
                return done.error();
            }
        }
        return infos;
    }

    [[nodiscard]] Result<DeviceInfo> find_device(const std::string &name) const {
        DeviceInfo info;
        if (auto done = detail::call(skep_runtime_find_device, get(), name.c_str(), &info); !done) {
            return done.error();
        }
        return info;
    }

    // format: SKEP_FORMAT_TEXT or SKEP_FORMAT_JSON.
    [[nodiscard]] Result<std::string> explain(std::int32_t format = SKEP_FORMAT_TEXT) const {
        skep_byte_list *list = nullptr;
        if (auto done = detail::call(skep_runtime_explain, get(), format, &list); !done) {
            return done.error();
        }
        return std::string(ByteList(list)[0]);
    }

    [[nodiscard]] skep_runtime *get() const noexcept { return handle_.get(); }
    // For classes whose handle keeps this runtime alive.
    [[nodiscard]] std::shared_ptr<const detail::RuntimeCallbacks> callbacks() const noexcept {
        return callbacks_;
    }

  private:
    Runtime(skep_runtime *handle, std::shared_ptr<const detail::RuntimeCallbacks> callbacks)
        : callbacks_(std::move(callbacks)), handle_(handle) {}
    std::shared_ptr<const detail::RuntimeCallbacks> callbacks_;  // outlives the handle
    detail::Owned<skep_runtime, skep_runtime_destroy> handle_;
};

}  // namespace cxx
}  // namespace skep
