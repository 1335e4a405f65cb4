// SPDX-License-Identifier: MIT
// What kernels use of the machine: thread numbers, barriers, warp exchanges, atomics and arithmetic
// whose rounding is fixed. Stands where the CUDA toolkit's headers would; clang's own builtins are
// enough. With SKEP_SIMT_EMULATION the same names come from a plain C++ emulator, so that tests run
// the very kernel source on a processor.
#pragma once

#include <stdint.h>

#if defined(SKEP_SIMT_EMULATION)
#include "simt_emulation.hpp"
#else

#include <__clang_cuda_builtin_vars.h>

#define SKEP_DEVICE static inline __attribute__((device, always_inline))
#define SKEP_KERNEL(max_threads) \
    extern "C" __attribute__((global)) __attribute__((launch_bounds(max_threads))) void
// As SKEP_KERNEL, with registers few enough for that many blocks at once on a multiprocessor.
#define SKEP_KERNEL_RESIDENT(max_threads, min_blocks) \
    extern "C" __attribute__((global)) __attribute__((launch_bounds(max_threads, min_blocks))) void
#define SKEP_DEVICE_MEMBER __attribute__((device, always_inline))
#define SKEP_SHARED __attribute__((shared))

namespace skep::cuda {

inline constexpr uint32_t kAllLanes = 0xFFFFFFFFU;

// Four words that move in one 16-byte access.
typedef uint32_t Words4 __attribute__((vector_size(16)));
typedef uint32_t Words2 __attribute__((vector_size(8)));
typedef float Floats4 __attribute__((vector_size(16)));

SKEP_DEVICE uint32_t thread_index() {
    return threadIdx.x;
}
SKEP_DEVICE uint32_t num_threads() {
    return blockDim.x;
}
SKEP_DEVICE uint32_t block_index() {
    return blockIdx.x;
}
SKEP_DEVICE uint32_t block_index_y() {
    return blockIdx.y;
}
SKEP_DEVICE uint32_t num_blocks() {
    return gridDim.x;
}

// Every thread of the block comes here; what they wrote before is seen by all after.
SKEP_DEVICE void block_barrier() {
    __syncthreads();
}
// As block_barrier, among the 32 lanes of a warp.
SKEP_DEVICE void warp_barrier() {
    __nvvm_bar_warp_sync(kAllLanes);
}

// Dynamic shared memory, aligned as matrix instructions want it; its size is a launch parameter.
extern __attribute__((shared)) __attribute__((aligned(1024))) uint8_t dynamic_shared_bytes[];
SKEP_DEVICE uint8_t* dynamic_shared() {
    return dynamic_shared_bytes;
}

// Warp exchanges. All 32 lanes take part.
SKEP_DEVICE uint32_t shuffle_xor(uint32_t value, uint32_t lane_mask) {
    return (uint32_t)__nvvm_shfl_sync_bfly_i32(kAllLanes, (int)value, (int)lane_mask, 0x1F);
}
SKEP_DEVICE float shuffle_xor(float value, uint32_t lane_mask) {
    return __nvvm_shfl_sync_bfly_f32(kAllLanes, value, (int)lane_mask, 0x1F);
}
SKEP_DEVICE double shuffle_xor(double value, uint32_t lane_mask) {
    const uint64_t bits = __builtin_bit_cast(uint64_t, value);
    const uint64_t low = shuffle_xor((uint32_t)bits, lane_mask);
    const uint64_t high = shuffle_xor((uint32_t)(bits >> 32), lane_mask);
    return __builtin_bit_cast(double, (high << 32) | low);
}
SKEP_DEVICE uint32_t ballot(bool predicate) {
    return __nvvm_vote_ballot_sync(kAllLanes, predicate);
}
// The value of one lane, for all.
SKEP_DEVICE uint32_t broadcast(uint32_t value, uint32_t lane) {
    return (uint32_t)__nvvm_shfl_sync_idx_i32(kAllLanes, (int)value, (int)lane, 0x1F);
}
// dp4a: sum plus the products of four bytes, each side signed or not.
template <bool kIsSignedA, bool kIsSignedB>
SKEP_DEVICE int32_t dot_product(uint32_t a, uint32_t b, int32_t sum) {
    int32_t result;
    if constexpr (!kIsSignedA && !kIsSignedB) {
        asm("dp4a.u32.u32 %0, %1, %2, %3;" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    } else if constexpr (kIsSignedA && kIsSignedB) {
        asm("dp4a.s32.s32 %0, %1, %2, %3;" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    } else {
        static_assert(kIsSignedA, "a is the query");
        asm("dp4a.s32.u32 %0, %1, %2, %3;" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    }
    return result;
}
SKEP_DEVICE uint32_t count_bits(uint32_t bits) {
    return (uint32_t)__builtin_popcount(bits);
}

// Position of the lowest bit set; any number where there is none.
SKEP_DEVICE uint32_t lowest_bit(uint32_t bits) {
    return 31U - (uint32_t)__builtin_clz((bits & (0U - bits)) | 1U);
}

SKEP_DEVICE uint32_t atomic_add(uint32_t* target, uint32_t value) {
    return (uint32_t)__nvvm_atom_add_gen_i((int*)target, (int)value);
}
SKEP_DEVICE uint32_t atomic_min(uint32_t* target, uint32_t value) {
    return __nvvm_atom_min_gen_ui(target, value);
}
SKEP_DEVICE uint32_t atomic_max(uint32_t* target, uint32_t value) {
    return __nvvm_atom_max_gen_ui(target, value);
}
SKEP_DEVICE uint32_t atomic_exchange(uint32_t* target, uint32_t value) {
    return (uint32_t)__nvvm_atom_xchg_gen_i((int*)target, (int)value);
}
// A word that others change meanwhile; orders nothing else.
SKEP_DEVICE uint32_t atomic_load(const uint32_t* source) {
    return *(const volatile uint32_t*)source;
}

// Double arithmetic that no compiler may fuse or reorder.
SKEP_DEVICE double add_exactly_rounded(double a, double b) {
    return __nvvm_add_rn_d(a, b);
}
SKEP_DEVICE double multiply_exactly_rounded(double a, double b) {
    return __nvvm_mul_rn_d(a, b);
}
SKEP_DEVICE double sqrt_exactly_rounded(double a) {
    return __nvvm_sqrt_rn_d(a);
}

// In so many words, so that a check can tell it from what a compiler fused.
SKEP_DEVICE double fused_multiply_add(double a, double b, double c) {
    double result;
    asm("fma.rn.f64 %0, %1, %2, %3; // asked for" : "=d"(result) : "d"(a), "d"(b), "d"(c));
    return result;
}
// 1 / sqrt(a) to some 20 bits; a is a normal number above 0.
SKEP_DEVICE double approximate_inverse_sqrt(double a) {
    double result;
    asm("rsqrt.approx.ftz.f64 %0, %1;" : "=d"(result) : "d"(a));
    return result;
}

SKEP_DEVICE float fused_multiply_add(float a, float b, float c) {
    return __nvvm_fma_rn_f(a, b, c);
}
SKEP_DEVICE float round_to_float(double a) {
    return __nvvm_d2f_rn(a);
}
SKEP_DEVICE float round_up_to_float(double a) {
    return __nvvm_d2f_rp(a);
}
SKEP_DEVICE float round_down_to_float(double a) {
    return __nvvm_d2f_rm(a);
}

// Reads past the first-level cache, which belongs to the queries: rows are read once per block.
// ld.global.cg: cached in the second level only.
SKEP_DEVICE Words4 load_streaming(const Words4* source) {
    uint32_t a, b, c, d;
    asm("ld.global.cg.v4.u32 {%0, %1, %2, %3}, [%4];"
        : "=r"(a), "=r"(b), "=r"(c), "=r"(d)
        : "l"(source));
    return Words4{a, b, c, d};
}
SKEP_DEVICE Words2 load_streaming(const Words2* source) {
    uint32_t a, b;
    asm("ld.global.cg.v2.u32 {%0, %1}, [%2];" : "=r"(a), "=r"(b) : "l"(source));
    return Words2{a, b};
}

}  // namespace skep::cuda

#endif
