// SPDX-License-Identifier: MIT
// The skep_call_options of an exported function.
#pragma once

#include <skep/skep.h>

#include <memory>

#include "runtime/call_control.hpp"
#include "skep/result.hpp"

namespace skep {

// NULL costs nothing. Otherwise a call that is stopped already ends here.
class CallArgument {
  public:
    CallArgument(const char* operation, const skep_call_options* options) {
        if (options == nullptr) return;
        control_ = CallControl::create(options).value();
        control_->check(operation, 0, 0).value();
    }

    // For a backend; null when nothing can stop or watch the call.
    [[nodiscard]] const skep_call* call() const {
        return control_ == nullptr ? nullptr : control_->call();
    }

  private:
    std::unique_ptr<CallControl> control_;
};

}  // namespace skep
