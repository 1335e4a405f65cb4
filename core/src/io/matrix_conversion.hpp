// SPDX-License-Identifier: MIT
// Rows of one element type as rows of another.
#pragma once

#include <skep/types.h>

#include "skep/result.hpp"

namespace skep {

// Rounds every component of `rows` to the nearest value of the type of `out`, ties to even. Both
// are valid, in host memory, and of the same shape. The first component that is not finite, or that
// rounds to no finite value of the type, fails the call; `out` is then untouched. Allocates a row.
Result<void> convert_matrix(const char* operation, const skep_matrix& rows,
                            const skep_mutable_matrix& out);

}  // namespace skep
