// SPDX-License-Identifier: MIT
// dot / sqrt(product of two squared norms), both operations rounded to nearest as IEEE 754 asks:
// the bits of the processor's division and square root, without their general cases (infinities,
// denormals), which the driver's compiler spends longer on than on the rest of a kernel.
//
// Range     product in [2^-600, 2^600]: squared norms of floats and bytes, of any dimension.
// Method    Newton from the hardware's 20 bits of 1/sqrt, then one step towards the true value if
//           it is past the midpoint to the next number. Residuals a - s*s and a - b*q are exact
//           by a fused multiply-add, for s and q within one unit in the last place (Markstein,
//           "Computation of elementary functions on the IBM RISC System/6000 processor", 1990).
// Checked   tests/unit/plugins/cuda/cosine_quotient_test.cpp
#pragma once

#include "simt.cuh"

namespace skep::cuda {

// The number next to `value`, above it in magnitude if `is_away`, else below.
SKEP_DEVICE double next_to(double value, bool is_away) {
    const uint64_t bits = __builtin_bit_cast(uint64_t, value);
    return __builtin_bit_cast(double, is_away ? bits + 1 : bits - 1);
}

SKEP_DEVICE double cosine_quotient(double dot, double product) {
    double inverse = approximate_inverse_sqrt(product);  // within 2^-20
    // 1/sqrt(1 - e) = 1 + e/2 + 3e^2/8 + ...: within a unit in the last place.
    double error = fused_multiply_add(-multiply_exactly_rounded(product, inverse), inverse, 1.0);
    inverse = fused_multiply_add(multiply_exactly_rounded(inverse, error),
                                 fused_multiply_add(error, 0.375, 0.5), inverse);
    double root = multiply_exactly_rounded(product, inverse);
    double residual = fused_multiply_add(-root, root, product);
    root = fused_multiply_add(residual, multiply_exactly_rounded(0.5, inverse), root);
    // The square of the midpoint is root^2 + root * step + step^2 / 4. The last term is below the
    // unit of residual and product: it decides only between equals, downwards.
    residual = fused_multiply_add(-root, root, product);
    const double next_root = next_to(root, residual > 0.0);
    const double limit = multiply_exactly_rounded(root, add_exactly_rounded(next_root, -root));
    if (residual > 0.0 ? residual > limit : residual <= limit) root = next_root;

    error = fused_multiply_add(-root, inverse, 1.0);
    inverse = fused_multiply_add(inverse, error, inverse);
    double quotient = multiply_exactly_rounded(dot, inverse);
    residual = fused_multiply_add(-root, quotient, dot);
    quotient = fused_multiply_add(residual, inverse, quotient);
    // No quotient of two doubles is a midpoint.
    residual = fused_multiply_add(-root, quotient, dot);
    const double next_quotient = next_to(quotient, (residual > 0.0) == (quotient > 0.0));
    const double step = add_exactly_rounded(next_quotient, -quotient);
    const double excess = fused_multiply_add(-root, step, add_exactly_rounded(residual, residual));
    return residual != 0.0 && (residual > 0.0) == (excess > 0.0) ? next_quotient : quotient;
}

}  // namespace skep::cuda
