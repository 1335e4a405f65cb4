// SPDX-License-Identifier: MIT
// The AVX-512 kernels. Compiled with the flags of that ISA; call them only where the processor has
// it.
#pragma once

#include "kernels/kernel_table.hpp"

namespace skep::cpu {

extern const ExactKernels kAvx512Exact[kNumElementTypes];
extern const FloatKernels kAvx512Floats;
extern const IntegerKernels kAvx512Integers;        // needs VNNI besides
extern const IntegerKernels kAvx512SignedIntegers;  // needs VNNI besides

}  // namespace skep::cpu
