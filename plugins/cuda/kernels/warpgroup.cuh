// SPDX-License-Identifier: MIT
// Bulk copies and matrix instructions of sm_90a: four warps multiply at once, both operands in
// shared memory, while they go on. Only for modules that are left out of other rungs.
//
//     expect_bytes(...); copy_box(...);   one thread: copies that a barrier counts
//     wait_for_bytes(...);                what they wrote may be multiplied
//     begin_products();                   registers of sums are the matrix unit's from here
//     multiply_lines(...); ...            any number
//     end_products();                     closes a group
//     wait_for_older_products<0>();       after this and pin_registers they are ours again
#pragma once

#include "simt.cuh"
#include "tensor.cuh"
#include "tensor_map.h"

namespace skep::cuda {

// One warpgroup's sums of 64 by 128 lines: warp w of it has lines 16 w to 16 w + 15 of the left
// side. Element [n][i]: left line 16 w + lane / 4 + i / 2 * 8, right line 8 n + lane % 4 * 2 + i %
// 2.
constexpr uint32_t kProductLeft = 64;
constexpr uint32_t kProductRight = 128;
constexpr uint32_t kProductTiles = kProductRight / 8;
struct WarpgroupSums {
    int32_t sums[kProductTiles][4];
};

}  // namespace skep::cuda

#if !defined(SKEP_SIMT_EMULATION)

namespace skep::cuda {

// The address of a tensor map in the kernel's parameter, at byte `offset`. Must name the kernel:
// clang would copy the parameter to local memory, which bulk copies cannot read.
#define SKEP_PARAMETER_ADDRESS(kernel, offset)                    \
    ({                                                            \
        uint64_t address;                                         \
        asm("{ .reg .b64 t; mov.b64 t, " #kernel                  \
            "_param_0; add.u64 t, t, %1; cvta.param.u64 %0, t; }" \
            : "=l"(address)                                       \
            : "n"(offset));                                       \
        (const TensorMap*)address;                                \
    })

// mbarrier.init: one thread announces bytes, copies count them down. By one thread; a block barrier
// follows.
SKEP_DEVICE void init_byte_barrier(uint64_t* barrier) {
    asm volatile(
        "mbarrier.init.shared::cta.b64 [%0], 1;\nfence.mbarrier_init.release.cluster;" ::"r"(
            shared_address(barrier))
        : "memory");
}
// mbarrier.arrive.expect_tx: the next phase ends when so many bytes have come. By one thread.
SKEP_DEVICE void expect_bytes(uint64_t* barrier, uint32_t bytes) {
    asm volatile(
        "mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(shared_address(barrier)),
        "r"(bytes)
        : "memory");
}
// mbarrier.try_wait: until phase number `phase` has ended; they count from 0, and only the last bit
// matters.
SKEP_DEVICE void wait_for_bytes(uint64_t* barrier, uint32_t phase) {
    uint32_t has_ended = 0;
#pragma unroll 1
    while (has_ended == 0) {
        asm volatile(
            "{ .reg .pred p; mbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2; selp.u32 %0, 1, "
            "0, p; }"
            : "=r"(has_ended)
            : "r"(shared_address(barrier)), "r"(phase & 1U)
            : "memory");
    }
}
// cp.async.bulk.tensor: one box of a matrix of two or four dimensions, from its element `first` on,
// innermost dimension first, to shared memory aligned to 1 024 bytes. By one thread.
SKEP_DEVICE void copy_box(uint8_t* target, const TensorMap* map, const uint32_t (&first)[2],
                          uint64_t* barrier) {
    asm volatile(
        "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, "
        "{%2, %3}], [%4];" ::"r"(shared_address(target)),
        "l"(map), "r"(first[0]), "r"(first[1]), "r"(shared_address(barrier))
        : "memory");
}
SKEP_DEVICE void copy_box(uint8_t* target, const TensorMap* map, const uint32_t (&first)[4],
                          uint64_t* barrier) {
    asm volatile(
        "cp.async.bulk.tensor.4d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, "
        "{%2, %3, %4, %5}], [%6];" ::"r"(shared_address(target)),
        "l"(map), "r"(first[0]), "r"(first[1]), "r"(first[2]), "r"(first[3]),
        "r"(shared_address(barrier))
        : "memory");
}

// Keeps the compiler from moving uses of the sums across.
SKEP_DEVICE void pin_registers(WarpgroupSums& sums) {
#pragma unroll
    for (uint32_t n = 0; n < kProductTiles; ++n) {
        asm volatile(""
                     : "+r"(sums.sums[n][0]), "+r"(sums.sums[n][1]), "+r"(sums.sums[n][2]),
                       "+r"(sums.sums[n][3])::"memory");
    }
}

// wgmma.fence
SKEP_DEVICE void begin_products() {
    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
}
// wgmma.commit_group
SKEP_DEVICE void end_products() {
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
}
// wgmma.wait_group: all groups but the newest ones are complete.
template <uint32_t kNewest>
SKEP_DEVICE void wait_for_older_products() {
    asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(kNewest) : "memory");
}

// How a matrix instruction finds lines of 128 bytes, swizzled as tile_piece does: address in units
// of 16 bytes, 1 024 bytes from eight lines to the next eight, 128-byte swizzle. lines: 1 024-byte
// aligned, in shared memory; column: a multiple of 32.
SKEP_DEVICE uint64_t describe_lines(const uint8_t* lines, uint32_t column) {
    constexpr uint64_t kEightLines = (uint64_t)(1024 / 16) << 32;
    constexpr uint64_t kSwizzle128 = 1ULL << 62;
    return kSwizzle128 | kEightLines | (uint64_t)((shared_address(lines) + column) >> 4 & 0x3FFFU);
}

// wgmma.m64n128k32: sums = left * right + (adds ? sums : 0), 32 bytes of each line from `column`
// on.
#define SKEP_FOUR(n) \
    "+r"(sums.sums[n][0]), "+r"(sums.sums[n][1]), "+r"(sums.sums[n][2]), "+r"(sums.sums[n][3])
#define SKEP_WARPGROUP_PRODUCT(types)                                                             \
    asm volatile(                                                                                 \
        "{ .reg .pred p; setp.ne.b32 p, %66, 0;\n"                                                \
        "wgmma.mma_async.sync.aligned.m64n128k32.s32." types                                      \
        " {%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, " \
        "%19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, %32, %33, %34, %35, "   \
        "%36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, %48, %49, %50, %51, %52, "   \
        "%53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63}, %64, %65, p; }"                  \
        : SKEP_FOUR(0), SKEP_FOUR(1), SKEP_FOUR(2), SKEP_FOUR(3), SKEP_FOUR(4), SKEP_FOUR(5),     \
          SKEP_FOUR(6), SKEP_FOUR(7), SKEP_FOUR(8), SKEP_FOUR(9), SKEP_FOUR(10), SKEP_FOUR(11),   \
          SKEP_FOUR(12), SKEP_FOUR(13), SKEP_FOUR(14), SKEP_FOUR(15)                              \
        : "l"(left), "l"(right), "r"((uint32_t)adds))
template <bool kIsSignedLeft, bool kIsSignedRight>
SKEP_DEVICE void multiply_lines(WarpgroupSums& sums, const uint8_t* left_lines,
                                const uint8_t* right_lines, uint32_t column, bool adds) {
    const uint64_t left = describe_lines(left_lines, column);
    const uint64_t right = describe_lines(right_lines, column);
    if constexpr (!kIsSignedLeft && !kIsSignedRight) {
        SKEP_WARPGROUP_PRODUCT("u8.u8");
    } else if constexpr (kIsSignedLeft && kIsSignedRight) {
        SKEP_WARPGROUP_PRODUCT("s8.s8");
    } else {
        static_assert(kIsSignedLeft, "left is the query");
        SKEP_WARPGROUP_PRODUCT("s8.u8");
    }
}
#undef SKEP_WARPGROUP_PRODUCT
#undef SKEP_FOUR

}  // namespace skep::cuda

#endif
