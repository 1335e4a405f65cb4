// SPDX-License-Identifier: MIT
#include "jit/module_cache.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <utility>

#include "skep/result.hpp"

namespace skep::cuda {
namespace {

// Dynamic shared memory above this may, with the static kind, pass the 48 KiB that every launch may
// have; more needs the kernel's consent.
constexpr std::uint32_t kPlainSharedBytes = 36 * 1024;

void* option_value(std::size_t number) {
    void* value = nullptr;
    std::memcpy(&value, &number, sizeof value);
    return value;
}

}  // namespace

const PtxRung* predicted_rung(std::int32_t compute_capability, std::int32_t driver_version) {
    for (const PtxRung& rung : ptx_rungs()) {
        if (is_rung_for(rung, compute_capability, driver_version)) return &rung;
    }
    return nullptr;
}

ModuleCache::ModuleCache(std::shared_ptr<const Context> context, std::int32_t compute_capability,
                         std::int32_t driver_version, std::string forced_rung)
    : context_(std::move(context)),
      compute_capability_(compute_capability),
      driver_version_(driver_version),
      forced_rung_(std::move(forced_rung)) {
    std::string known;
    for (const PtxRung& rung : ptx_rungs()) {
        if (forced_rung_ == rung.name) return;
        known += (known.empty() ? "" : ", ") + std::string(rung.name);
    }
    if (!forced_rung_.empty()) {
        throw Error(SKEP_INVALID_ARGUMENT,
                    fmt::format("SKEP_CUDA_PTX is '{}'; this build has {}", forced_rung_, known),
                    SKEP_LAYER_BACKEND);
    }
}

ModuleCache::~ModuleCache() {
    const ScopedContext scope(*context_);
    if (!scope.is_current()) return;
    for (const auto& [name, module] : modules_) {
        context_->note(context_->api().module_unload(module), "cuModuleUnload");
    }
}

std::string ModuleCache::rung() const {
    const std::lock_guard lock(mutex_);
    if (rung_ != nullptr) return rung_->name;
    if (!forced_rung_.empty()) return forced_rung_;
    const PtxRung* rung = predicted_rung(compute_capability_, driver_version_);
    return rung != nullptr ? rung->name : "";
}

bool ModuleCache::has_kernel(const char* kernel) const {
    const std::string current = rung();
    for (const PtxImage& image : ptx_images()) {
        if (std::strcmp(image.module, kernel) == 0 && current == image.rung) return true;
    }
    return false;
}

CUfunction ModuleCache::function(const char* kernel, std::uint32_t dynamic_shared_bytes) {
    const std::lock_guard lock(mutex_);
    if (const auto found = functions_.find(kernel); found != functions_.end()) {
        return found->second;
    }
    CUfunction function = nullptr;
    const CUmodule loaded = load(kernel);
    context_->check(context_->api().module_get_function(&function, loaded, kernel), kernel);
    if (dynamic_shared_bytes > kPlainSharedBytes) {
        context_->check(context_->api().function_set_attribute(
                            function, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                            static_cast<int>(dynamic_shared_bytes)),
                        kernel);
    }
    functions_.emplace(kernel, function);
    return function;
}

CUmodule ModuleCache::load(const char* module) {
    if (const auto found = modules_.find(module); found != modules_.end()) return found->second;
    // The first module decides the rung for all. A refusal of the text moves on to the next rung;
    // any other failure is one.
    std::string refusals;
    CUresult last_native = CUDA_ERROR_NO_BINARY_FOR_GPU;
    for (const PtxRung& rung : ptx_rungs()) {
        if (rung_ != nullptr && rung_ != &rung) continue;
        if (!forced_rung_.empty() && forced_rung_ != rung.name) continue;
        const bool fits = is_rung_for(rung, compute_capability_, rung.min_driver_version);
        if (!fits && forced_rung_.empty()) continue;
        for (const PtxImage& image : ptx_images()) {
            if (std::strcmp(image.module, module) != 0 || std::strcmp(image.rung, rung.name) != 0) {
                continue;
            }
            try {
                const CUmodule loaded = try_load(image);
                modules_.emplace(module, loaded);
                rung_ = &rung;
                return loaded;
            } catch (const Error& failure) {
                if (failure.status() != SKEP_COMPILATION_FAILED) throw;
                last_native = static_cast<CUresult>(failure.native_code());
                refusals += (refusals.empty() ? "" : "; ") + std::string(failure.message());
                context_->log().write(SKEP_LOG_INFO, "{}", failure.message());
            }
        }
    }
    throw Error(SKEP_COMPILATION_FAILED,
                refusals.empty()
                    ? fmt::format("{}: no rung of the PTX ladder fits compute "
                                  "capability {}.{}",
                                  module, compute_capability_ / 10, compute_capability_ % 10)
                    : refusals,
                SKEP_LAYER_DRIVER, last_native);
}

CUmodule ModuleCache::try_load(const PtxImage& image) {
    std::array<char, 600> log{};
    // In and out: the driver writes the time over the value of its option.
    std::array<CUjit_option, 3> options{CU_JIT_WALL_TIME, CU_JIT_ERROR_LOG_BUFFER,
                                        CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
    std::array<void*, 3> values{nullptr, log.data(), option_value(log.size() - 1)};

    const auto begin = std::chrono::steady_clock::now();
    CUmodule loaded = nullptr;
    const std::string text = ptx_text(image);
    const CUresult result = context_->api().module_load_data(
        &loaded, text.c_str(), static_cast<unsigned int>(options.size()), options.data(),
        values.data());
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    if (result != CUDA_SUCCESS) {
        log.back() = '\0';
        context_->check(result,
                        fmt::format("compiling module {} as {}{}{}", image.module, image.rung,
                                    log[0] != '\0' ? ": compiler says: " : "", log.data())
                            .c_str());
    }
    float compile_ms = 0;
    std::memcpy(&compile_ms, static_cast<const void*>(values.data()), sizeof compile_ms);
    context_->log().write(SKEP_LOG_DEBUG, "module {} as {}: {:.1f} ms, {} (compiler: {:.1f} ms)",
                          image.module, image.rung, took.count(),
                          compile_ms > 0 ? "compiled" : "from the driver's cache", compile_ms);
    return loaded;
}

}  // namespace skep::cuda
