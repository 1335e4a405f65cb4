// SPDX-License-Identifier: MIT
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace skep::cuda {

// The driver's description of a matrix in device memory, for bulk copies of boxes of it; made by
// cuTensorMapEncodeTiled, opaque to everybody else. Aligned as the copies want it.
struct alignas(64) TensorMap {
    uint64_t words[16];
};

}  // namespace skep::cuda
