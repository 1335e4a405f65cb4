// SPDX-License-Identifier: MIT
#include "driver/driver_api.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include <cstdint>
#include <cstring>

namespace skep::cuda {
namespace {

constexpr const char* kLibraryName = "libcuda.so.1";

enum class Need { REQUIRED, OPTIONAL };

Error not_available(const std::string& message, std::int64_t native_code = 0) {
    return {SKEP_DEVICE_NOT_AVAILABLE, message, SKEP_LAYER_BACKEND, native_code};
}

}  // namespace

Result<std::shared_ptr<const DriverApi>> DriverApi::open() {
    void* library = dlopen(kLibraryName, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
        const char* reason = dlerror();
        return not_available(
            fmt::format("no CUDA driver library: {}", reason != nullptr ? reason : kLibraryName));
    }

    auto api = std::make_shared<DriverApi>();
    std::string missing;
    const auto resolve = [&](auto& member, const char* symbol, Need need) {
        void* address = dlsym(library, symbol);
        // POSIX promises that a function's address travels through void*.
        std::memcpy(&member, &address, sizeof member);
        if (address == nullptr && need == Need::REQUIRED) {
            missing += missing.empty() ? symbol : std::string(", ") + symbol;
        }
    };
#define SKEP_DRIVER_SYMBOL(member, symbol, need, parameters) \
    resolve(api->member, symbol, Need::need);
#include "driver/driver_symbols.def"
#undef SKEP_DRIVER_SYMBOL
    if (!missing.empty()) {
        return not_available(
            fmt::format("CUDA driver too old: {} lacks {}; a driver for CUDA 10.1 or newer is "
                        "needed",
                        kLibraryName, missing));
    }

    Dl_info where{};
    void* any_function = nullptr;
    std::memcpy(&any_function, &api->init, sizeof any_function);
    if (dladdr(any_function, &where) != 0 && where.dli_fname != nullptr &&
        std::strstr(where.dli_fname, "/stubs/") != nullptr) {
        return not_available(fmt::format(
            "{} is the CUDA toolkit's stub library, not a driver: take its folder out of the "
            "library search path",
            where.dli_fname));
    }
    return std::shared_ptr<const DriverApi>(std::move(api));
}

std::string DriverApi::describe(CUresult result) const {
    const char* name = nullptr;
    const char* text = nullptr;
    if (get_error_name(result, &name) != CUDA_SUCCESS || name == nullptr) name = "unknown error";
    if (get_error_string(result, &text) != CUDA_SUCCESS || text == nullptr) text = "no text";
    return fmt::format("{} ({}): {}", name, result, text);
}

}  // namespace skep::cuda
