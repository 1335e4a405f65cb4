// SPDX-License-Identifier: MIT
// Loaded modules of one device: the best rung of the PTX ladder that the driver takes, each module
// compiled by the driver at the first use of one of its kernels.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "driver/context.hpp"
#include "jit/ptx_images.hpp"

namespace skep::cuda {

class ModuleCache {
  public:
    // forced_rung: SKEP_CUDA_PTX, or empty. Throws when it names no rung.
    ModuleCache(std::shared_ptr<const Context> context, std::int32_t compute_capability,
                std::int32_t driver_version, std::string forced_rung);
    ~ModuleCache();
    ModuleCache(const ModuleCache&) = delete;
    ModuleCache& operator=(const ModuleCache&) = delete;

    // The kernel, its module (of the same name) loaded if it was not yet. dynamic_shared_bytes: the
    // most that any launch of it asks for. Thread-safe; the context is current. Throws with the
    // compiler's log.
    CUfunction function(const char* kernel, std::uint32_t dynamic_shared_bytes = 0);

    // Whether the rung in use has the kernel at all. Settled once a first one is loaded.
    [[nodiscard]] bool has_kernel(const char* kernel) const;

    // The rung in use; the one that will be tried first before any module was loaded.
    [[nodiscard]] std::string rung() const;

  private:
    CUmodule load(const char* module);
    CUmodule try_load(const PtxImage& image);

    std::shared_ptr<const Context> context_;
    std::int32_t compute_capability_;
    std::int32_t driver_version_;
    std::string forced_rung_;

    mutable std::mutex mutex_;
    const PtxRung* rung_ = nullptr;
    std::map<std::string, CUmodule> modules_;
    std::map<std::string, CUfunction> functions_;
};

// The first rung that fits by version numbers; null when none does.
const PtxRung* predicted_rung(std::int32_t compute_capability, std::int32_t driver_version);

}  // namespace skep::cuda
