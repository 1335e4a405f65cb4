// SPDX-License-Identifier: MIT
// The switch that stops calls.
#include <skep/skep.h>

#include <memory>

#include "api/arguments.hpp"
#include "runtime/call_control.hpp"
#include "skep/common/guard.hpp"

skep_status skep_cancel_create(skep_cancel** out, skep_error* error) {
    return skep::guard(error, SKEP_LAYER_CLIENT, [&]() -> skep::Result<void> {
        const skep::Arguments arguments("skep_cancel_create");
        arguments.require(out, "out");
        *out = new skep_cancel{std::make_shared<skep::CancelFlag>()};
        return {};
    });
}

// One store to a lock-free atomic: all that a signal handler may do.
void skep_cancel_trigger(skep_cancel* cancel) {
    static_assert(std::atomic<bool>::is_always_lock_free);
    if (cancel != nullptr) cancel->flag->triggered.store(true, std::memory_order_relaxed);
}

void skep_cancel_reset(skep_cancel* cancel) {
    if (cancel != nullptr) cancel->flag->triggered.store(false, std::memory_order_relaxed);
}

void skep_cancel_destroy(skep_cancel* cancel) {
    delete cancel;
}
