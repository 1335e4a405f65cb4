// SPDX-License-Identifier: MIT
// Matrix instructions and asynchronous copies of sm_80 and later.
#pragma once

#include "simt.cuh"

#if !defined(SKEP_SIMT_EMULATION)

namespace skep::cuda {

SKEP_DEVICE uint32_t shared_address(const void* pointer) {
    uint32_t address;
    asm("{ .reg .u64 t; cvta.to.shared.u64 t, %1; cvt.u32.u64 %0, t; }"
        : "=r"(address)
        : "l"(pointer));
    return address;
}

// cp.async: 16 bytes from global to shared memory, or 16 zero bytes. Arrives at wait_for_copies.
SKEP_DEVICE void copy_async(void* target, const void* source, bool is_zero) {
    const uint32_t source_bytes = is_zero ? 0 : 16;
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;"
                 :
                 : "r"(shared_address(target)), "l"(source), "r"(source_bytes)
                 : "memory");
}
// cp.async.commit_group: closes a group of copies; an empty one is legal.
SKEP_DEVICE void commit_copies() {
    asm volatile("cp.async.commit_group;" ::: "memory");
}
// cp.async.wait_group: all groups but the newest ones have arrived.
template <uint32_t kNewest>
SKEP_DEVICE void wait_for_older_copies() {
    asm volatile("cp.async.wait_group %0;" ::"n"(kNewest) : "memory");
}

// ldmatrix: four 8 x 8 matrices of 16-bit elements; lane i gives the address of row i % 8 of matrix
// i / 8 and gets elements 2 (lane % 4) and the next of row lane / 4 of each.
SKEP_DEVICE void load_matrices(uint32_t (&out)[4], const void* row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(out[0]), "=r"(out[1]), "=r"(out[2]), "=r"(out[3])
                 : "r"(shared_address(row))
                 : "memory");
}

// mma.m16n8k32: sums += a * b, bytes in, each side signed or not, 32-bit integers out.
#define SKEP_MULTIPLY_ADD(types)                                     \
    asm("mma.sync.aligned.m16n8k32.row.col.s32." types               \
        ".s32 {%0, %1, %2, %3}, {%4, %5, %6, "                       \
        "%7}, {%8, %9}, {%0, %1, %2, %3};"                           \
        : "+r"(sums[0]), "+r"(sums[1]), "+r"(sums[2]), "+r"(sums[3]) \
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1))
template <bool kIsSignedA, bool kIsSignedB>
SKEP_DEVICE void multiply_add(int32_t (&sums)[4], const uint32_t (&a)[4], uint32_t b0,
                              uint32_t b1) {
    if constexpr (!kIsSignedA && !kIsSignedB) {
        SKEP_MULTIPLY_ADD("u8.u8");
    } else if constexpr (kIsSignedA && kIsSignedB) {
        SKEP_MULTIPLY_ADD("s8.s8");
    } else {
        static_assert(kIsSignedA, "a is the query");
        SKEP_MULTIPLY_ADD("s8.u8");
    }
}
#undef SKEP_MULTIPLY_ADD

}  // namespace skep::cuda

#endif
