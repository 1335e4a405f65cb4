// SPDX-License-Identifier: MIT
// The CUDA driver as a table of functions, found at run time in libcuda.so.1.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "driver/driver_types.h"
#include "skep/result.hpp"

namespace skep::cuda {

struct DriverApi {
// Names of a declarator cannot stand in parentheses. NOLINTNEXTLINE(bugprone-macro-parentheses)
#define SKEP_DRIVER_SYMBOL(member, symbol, need, parameters) CUresult(*member) parameters = nullptr;
#include "driver/driver_symbols.def"
#undef SKEP_DRIVER_SYMBOL

    // Opens the library by its soname and resolves every function; the driver is not initialised.
    // The library stays open until the process ends: drivers do not survive being closed.
    static Result<std::shared_ptr<const DriverApi>> open();

    [[nodiscard]] bool has_virtual_memory() const {
        return address_reserve != nullptr && address_free != nullptr && mem_create != nullptr &&
               mem_release != nullptr && mem_map != nullptr && mem_unmap != nullptr &&
               mem_set_access != nullptr && mem_get_granularity != nullptr;
    }

    // "CUDA_ERROR_X (700): the driver's sentence".
    [[nodiscard]] std::string describe(CUresult result) const;

    // Set once a call has said that the driver is shut down; no call is made after that.
    mutable std::atomic<bool> is_gone{false};
};

}  // namespace skep::cuda
