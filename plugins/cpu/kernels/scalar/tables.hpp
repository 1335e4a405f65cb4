// SPDX-License-Identifier: MIT
// The scalar kernels: what the others are compared with, and what runs where nothing else does.
#pragma once

#include "kernels/kernel_table.hpp"

namespace skep::cpu {

extern const ExactKernels kScalarExact[kNumElementTypes];
extern const FloatKernels kScalarFloats;
extern const IntegerKernels kScalarIntegers;
extern const IntegerKernels kScalarSignedIntegers;

}  // namespace skep::cpu
