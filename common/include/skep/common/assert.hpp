// SPDX-License-Identifier: MIT
// SKEP_ASSERT names a broken invariant of our own code. Arguments from outside are checked, never
// asserted.
#pragma once

#include "skep/result.hpp"

namespace skep {

[[noreturn]] inline void assertion_failed(const char* invariant, const char* file, int line) {
    throw Error(SKEP_INTERNAL, std::string("broken invariant: ") + invariant + " (" + file + ":" +
                                   std::to_string(line) + ")");
}

}  // namespace skep

// Throws, so that a defect ends one call and not the process; guard() turns it into SKEP_INTERNAL.
#define SKEP_ASSERT(condition, invariant) \
    ((condition) ? static_cast<void>(0) : ::skep::assertion_failed(invariant, __FILE__, __LINE__))
