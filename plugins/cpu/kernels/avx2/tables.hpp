// SPDX-License-Identifier: MIT
// The AVX2 kernels. Compiled with the flags of that ISA; call them only where the processor has it.
#pragma once

#include "kernels/kernel_table.hpp"

namespace skep::cpu {

extern const ExactKernels kAvx2Exact;
extern const FloatKernels kAvx2Floats;
extern const IntegerKernels kAvx2Integers;

}  // namespace skep::cpu
