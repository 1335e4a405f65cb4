// SPDX-License-Identifier: MIT
// The NEON kernels. Compiled with the flags of that ISA; call them only where the processor has it.
#pragma once

#include "kernels/kernel_table.hpp"

namespace skep::cpu {

extern const ExactKernels kNeonExact[kNumElementTypes];
extern const FloatKernels kNeonFloats;
extern const IntegerKernels kNeonIntegers;
extern const IntegerKernels kNeonSignedIntegers;

}  // namespace skep::cpu
