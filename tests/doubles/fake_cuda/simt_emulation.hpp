// SPDX-License-Identifier: MIT
// What kernels/simt.cuh offers, on a processor: every thread of a block is a fiber, and barriers
// and warp exchanges switch between them. Slow and exact: it runs the kernel sources themselves, so
// that their logic is tested where there is no GPU.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "fake_tensor_map.hpp"

#define SKEP_DEVICE static inline
#define SKEP_DEVICE_MEMBER inline
#define SKEP_KERNEL(max_threads) extern "C" void
#define SKEP_KERNEL_RESIDENT(max_threads, min_blocks) extern "C" void
// One block runs at a time on one host thread.
#define SKEP_SHARED static thread_local

namespace skep::cuda {

typedef uint32_t Words4 __attribute__((vector_size(16)));
typedef uint32_t Words2 __attribute__((vector_size(8)));
typedef float Floats4 __attribute__((vector_size(16)));

namespace emulation {

// Where the running fiber stands.
struct Position {
    uint32_t thread;
    uint32_t num_threads;
    uint32_t block;
    uint32_t block_y;
    uint32_t num_blocks;
    uint8_t* dynamic_shared;
};
const Position& position();

void block_barrier();
// Every lane of the warp hands in a value and sees all 32; lanes that do not exist hand in 0.
const uint64_t* exchange(uint64_t value);

using Body = void (*)(const void* params);
// Runs a grid. Returns false when threads of a block wait for each other forever.
bool run_grid(Body body, const void* params, uint32_t grid_x, uint32_t grid_y, uint32_t num_threads,
              uint32_t shared_bytes);

}  // namespace emulation

inline uint32_t thread_index() {
    return emulation::position().thread;
}
inline uint32_t num_threads() {
    return emulation::position().num_threads;
}
inline uint32_t block_index() {
    return emulation::position().block;
}
inline uint32_t block_index_y() {
    return emulation::position().block_y;
}
inline uint32_t num_blocks() {
    return emulation::position().num_blocks;
}
inline uint8_t* dynamic_shared() {
    return emulation::position().dynamic_shared;
}

inline void block_barrier() {
    emulation::block_barrier();
}
inline void warp_barrier() {
    emulation::exchange(0);
}

template <typename Value>
Value shuffle_xor(Value value, uint32_t lane_mask) {
    uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof value);
    const uint64_t other = emulation::exchange(bits)[(thread_index() % 32) ^ lane_mask];
    std::memcpy(&value, &other, sizeof value);
    return value;
}
inline uint32_t ballot(bool predicate) {
    const uint64_t* lanes = emulation::exchange(predicate ? 1 : 0);
    uint32_t bits = 0;
    for (uint32_t lane = 0; lane < 32; ++lane)
        bits |= static_cast<uint32_t>(lanes[lane]) << lane;
    return bits;
}
inline uint32_t broadcast(uint32_t value, uint32_t lane) {
    return static_cast<uint32_t>(emulation::exchange(value)[lane]);
}
// A byte of a word, as dp4a and the matrix instructions take it.
template <bool kIsSigned>
int32_t byte_of(uint64_t word, uint32_t position) {
    const auto byte = static_cast<uint8_t>(word >> (8 * position));
    return kIsSigned ? static_cast<int8_t>(byte) : byte;
}
template <bool kIsSignedA, bool kIsSignedB>
int32_t dot_product(uint32_t a, uint32_t b, int32_t sum) {
    for (uint32_t i = 0; i < 4; ++i)
        sum += byte_of<kIsSignedA>(a, i) * byte_of<kIsSignedB>(b, i);
    return sum;
}
inline uint32_t count_bits(uint32_t bits) {
    return static_cast<uint32_t>(__builtin_popcount(bits));
}

inline uint32_t lowest_bit(uint32_t bits) {
    return bits == 0 ? 31 : static_cast<uint32_t>(__builtin_ctz(bits));
}

inline uint32_t atomic_add(uint32_t* target, uint32_t value) {
    return __atomic_fetch_add(target, value, __ATOMIC_RELAXED);
}
inline uint32_t atomic_min(uint32_t* target, uint32_t value) {
    uint32_t seen = __atomic_load_n(target, __ATOMIC_RELAXED);
    while (seen > value && !__atomic_compare_exchange_n(target, &seen, value, false,
                                                        __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    }
    return seen;
}
inline uint32_t atomic_max(uint32_t* target, uint32_t value) {
    uint32_t seen = __atomic_load_n(target, __ATOMIC_RELAXED);
    while (seen < value && !__atomic_compare_exchange_n(target, &seen, value, false,
                                                        __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    }
    return seen;
}
inline uint32_t atomic_exchange(uint32_t* target, uint32_t value) {
    return __atomic_exchange_n(target, value, __ATOMIC_RELAXED);
}
inline uint32_t atomic_load(const uint32_t* source) {
    return __atomic_load_n(source, __ATOMIC_RELAXED);
}

// Compiled without contraction, so that these are what they say.
inline double add_exactly_rounded(double a, double b) {
    return a + b;
}
inline double multiply_exactly_rounded(double a, double b) {
    return a * b;
}
inline double sqrt_exactly_rounded(double a) {
    return std::sqrt(a);
}
inline double fused_multiply_add(double a, double b, double c) {
    return std::fma(a, b, c);
}
// As coarse as the hardware's.
inline double approximate_inverse_sqrt(double a) {
    uint64_t bits = 0;
    const double exact = 1.0 / std::sqrt(a);
    std::memcpy(&bits, &exact, sizeof bits);
    bits &= ~((uint64_t{1} << 32) - 1);
    double result = 0.0;
    std::memcpy(&result, &bits, sizeof result);
    return result;
}
inline float fused_multiply_add(float a, float b, float c) {
    return std::fma(a, b, c);
}
inline float round_to_float(double a) {
    return static_cast<float>(a);
}
inline float round_up_to_float(double a) {
    const float nearest = static_cast<float>(a);
    return static_cast<double>(nearest) < a ? std::nextafter(nearest, INFINITY) : nearest;
}
inline float round_down_to_float(double a) {
    const float nearest = static_cast<float>(a);
    return static_cast<double>(nearest) > a ? std::nextafter(nearest, -INFINITY) : nearest;
}
template <typename Words>
Words load_streaming(const Words* source) {
    return *source;
}

// The matrix instructions and asynchronous copies of kernels/tensor.cuh, by their definitions in
// the PTX manual. Copies arrive at once, which no kernel may notice.
inline void copy_async(void* target, const void* source, bool is_zero) {
    if (is_zero) {
        std::memset(target, 0, 16);
    } else {
        std::memcpy(target, source, 16);
    }
}
inline void commit_copies() {
}
template <uint32_t>
void wait_for_older_copies() {
}

inline void load_matrices(uint32_t (&out)[4], const void* row) {
    const uint64_t* rows = emulation::exchange(reinterpret_cast<uintptr_t>(row));
    const uint32_t lane = thread_index() % 32;
    for (uint32_t matrix = 0; matrix < 4; ++matrix) {
        const auto* from = reinterpret_cast<const uint8_t*>(rows[matrix * 8 + lane / 4]);
        std::memcpy(&out[matrix], from + lane % 4 * 4, 4);
    }
}

template <bool kIsSignedA, bool kIsSignedB>
void multiply_add(int32_t (&sums)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
    const uint32_t lane = thread_index() % 32;
    // a of this lane's two rows, b of its two columns: [line][element]
    int32_t rows[2][32];
    int32_t columns[2][32];
    const auto take = [](const uint64_t* lanes, uint32_t line, auto byte, int32_t* elements) {
        for (uint32_t t = 0; t < 4; ++t) {
            for (uint32_t i = 0; i < 4; ++i) {
                elements[4 * t + i] = byte(lanes[line * 4 + t], i);
                elements[16 + 4 * t + i] = byte(lanes[line * 4 + t], 4 + i);
            }
        }
    };
    take(emulation::exchange(a[0] | uint64_t{a[2]} << 32), lane / 4, byte_of<kIsSignedA>, rows[0]);
    take(emulation::exchange(a[1] | uint64_t{a[3]} << 32), lane / 4, byte_of<kIsSignedA>, rows[1]);
    const uint64_t* lanes = emulation::exchange(b0 | uint64_t{b1} << 32);
    take(lanes, lane % 4 * 2, byte_of<kIsSignedB>, columns[0]);
    take(lanes, lane % 4 * 2 + 1, byte_of<kIsSignedB>, columns[1]);
    for (uint32_t row = 0; row < 2; ++row) {
        for (uint32_t column = 0; column < 2; ++column) {
            for (uint32_t k = 0; k < 32; ++k)
                sums[row * 2 + column] += rows[row][k] * columns[column][k];
        }
    }
}

// Bulk copies and the matrix instructions of four warps, kernels/warpgroup.cuh: complete at once.
#define SKEP_PARAMETER_ADDRESS(kernel, offset) \
    (reinterpret_cast<const TensorMap*>(reinterpret_cast<const uint8_t*>(&params) + (offset)))
inline void init_byte_barrier(uint64_t*) {
}
inline void expect_bytes(uint64_t*, uint32_t) {
}
inline void wait_for_bytes(uint64_t*, uint32_t) {
}
template <typename Map, uint32_t kRank>
void copy_box(uint8_t* target, const Map* map, const uint32_t (&first)[kRank], uint64_t*) {
    emulation::FakeTensorMap tensor{};
    std::memcpy(&tensor, map, sizeof tensor);
    uint32_t num_lines = 1;
    for (uint32_t i = 1; i < kRank; ++i)
        num_lines *= tensor.dimensions[i].box;
    for (uint32_t line = 0; line < num_lines; ++line) {
        const uint8_t* from = tensor.bytes;
        bool is_inside = tensor.rank == kRank;
        for (uint32_t i = 1, rest = line; i < kRank; ++i) {
            const auto& dimension = tensor.dimensions[i];
            const uint64_t position = first[i] + rest % dimension.box;
            rest /= dimension.box;
            is_inside = is_inside && position < dimension.size;
            from += position * dimension.stride;
        }
        for (uint32_t k = 0; k < 128; ++k) {
            const uint32_t piece = k / 16 ^ line % 8;
            target[line * 128 + piece * 16 + k % 16] =
                is_inside && first[0] + k < tensor.dimensions[0].size ? from[first[0] + k] : 0;
        }
    }
}
inline void begin_products() {
}
inline void end_products() {
}
template <uint32_t>
void wait_for_older_products() {
}
template <typename Sums>
void pin_registers(Sums&) {
}
// 32 bytes of a line of 128, whose 16-byte pieces are swizzled.
template <bool kIsSigned>
void take_line(const uint8_t* lines, uint32_t line, uint32_t column, int32_t (&elements)[32]) {
    for (uint32_t k = 0; k < 32; ++k) {
        const uint32_t piece = (column + k) / 16 ^ line % 8;
        elements[k] = byte_of<kIsSigned>(lines[line * 128 + piece * 16 + (column + k) % 16], 0);
    }
}
template <bool kIsSignedLeft, bool kIsSignedRight, typename Sums>
void multiply_lines(Sums& sums, const uint8_t* left_lines, const uint8_t* right_lines,
                    uint32_t column, bool adds) {
    const uint32_t lane = thread_index() % 32;
    const uint32_t first_left = thread_index() / 32 % 4 * 16 + lane / 4;
    int32_t left[2][32];
    take_line<kIsSignedLeft>(left_lines, first_left, column, left[0]);
    take_line<kIsSignedLeft>(left_lines, first_left + 8, column, left[1]);
    for (uint32_t n = 0; n < 16; ++n) {
        int32_t right[2][32];
        take_line<kIsSignedRight>(right_lines, n * 8 + lane % 4 * 2, column, right[0]);
        take_line<kIsSignedRight>(right_lines, n * 8 + lane % 4 * 2 + 1, column, right[1]);
        for (uint32_t i = 0; i < 4; ++i) {
            int32_t sum = adds ? sums.sums[n][i] : 0;
            for (uint32_t k = 0; k < 32; ++k)
                sum += left[i / 2][k] * right[i % 2][k];
            sums.sums[n][i] = sum;
        }
    }
}

}  // namespace skep::cuda
