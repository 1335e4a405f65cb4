// SPDX-License-Identifier: MIT
// The AVX2 kernels. Compiled with the flags of that ISA; call them only where the processor has it.
#pragma once

#include "kernels/kernel_table.hpp"

namespace skep::cpu {

extern const ExactKernels kAvx2Exact[kNumElementTypes];
extern const FloatKernels kAvx2Floats;
extern const IntegerKernels kAvx2Integers;
extern const IntegerKernels kAvx2SignedIntegers;

}  // namespace skep::cpu
