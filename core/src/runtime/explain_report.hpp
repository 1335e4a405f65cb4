// SPDX-License-Identifier: MIT
// Everything that a runtime decided so far, for people and for programs.
#pragma once

#include <string>

#include "runtime/runtime_impl.hpp"

namespace skep {

// One JSON object; "skep_explain" is the version of its form. Text that is not UTF-8 (names of
// files may be anything) is shown with replacement characters.
std::string explain_as_json(Runtime::Impl& runtime);

// The same as lines of text.
std::string explain_as_text(Runtime::Impl& runtime);

}  // namespace skep
