// SPDX-License-Identifier: MIT
// What every class of skep.hpp is made of: handles that destroy themselves, and calls whose status
// becomes a Result.
#pragma once

#include <skep/skep.h>

#include <memory>

#include "skep/result.hpp"

namespace skep {
inline namespace cxx {
namespace detail {

template <typename Handle, void (*destroy)(Handle *)>
struct Destroy {
    void operator()(Handle *handle) const noexcept { destroy(handle); }
};

template <typename Handle, void (*destroy)(Handle *)>
using Owned = std::unique_ptr<Handle, Destroy<Handle, destroy>>;

// Calls a C function that takes its error last, and turns its status into a Result.
template <typename Function, typename... Arguments>
Result<void> call(Function function, Arguments... arguments) {
    skep_error error = SKEP_ERROR_INIT;
    const skep_status status = function(arguments..., &error);
    if (status != SKEP_OK) return Error(status, error.message, error.layer, error.native_code);
    return {};
}

}  // namespace detail
}  // namespace cxx
}  // namespace skep
