// SPDX-License-Identifier: MIT
#include "simt_emulation.hpp"

#if !defined(__x86_64__)
#include <ucontext.h>
#endif

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "sanitizer_fiber.hpp"

namespace skep::cuda::emulation {
namespace {

constexpr std::size_t kStackBytes = kStackFactor * 64 * 1024;
constexpr uint32_t kLanes = 32;

// Two sets of values: a lane that runs ahead into the next exchange does not overwrite what slower
// lanes still read, and it cannot reach the one after before they have read.
struct Warp {
    uint64_t values[2][kLanes] = {};
    uint32_t generation = 0;
    uint32_t num_arrived = 0;
    uint32_t num_lanes = 0;
};

#if defined(__x86_64__)
// What swapcontext does, without its two system calls per switch: saves the registers that a call
// preserves on the stack that it leaves.
extern "C" void skep_switch_stack(void** save_to, void* load_from);
__asm__(
    ".pushsection .text\n.globl skep_switch_stack\n.hidden skep_switch_stack\n"
    "skep_switch_stack:\n"
    "push %rbp\npush %rbx\npush %r12\npush %r13\npush %r14\npush %r15\n"
    "mov %rsp, (%rdi)\nmov %rsi, %rsp\n"
    "pop %r15\npop %r14\npop %r13\npop %r12\npop %rbx\npop %rbp\nret\n.popsection\n");

using FiberContext = void*;

void prepare(FiberContext& context, char* stack, void (*entry)()) {
    // Six registers, the entry as return address, and the alignment that a call leaves behind.
    auto top = reinterpret_cast<std::uintptr_t>(stack + kStackBytes) & ~std::uintptr_t{15};
    auto* frame = reinterpret_cast<void**>(top - 16 * sizeof(void*));
    std::fill(frame, frame + 16, nullptr);
    frame[6] = reinterpret_cast<void*>(entry);
    context = frame;
}
void switch_to(FiberContext& from, FiberContext& to) {
    skep_switch_stack(&from, to);
}
#else
using FiberContext = ucontext_t;

void prepare(FiberContext& context, char* stack, void (*entry)()) {
    getcontext(&context);
    context.uc_stack.ss_sp = stack;
    context.uc_stack.ss_size = kStackBytes;
    context.uc_link = nullptr;
    makecontext(&context, entry, 0);
}
void switch_to(FiberContext& from, FiberContext& to) {
    swapcontext(&from, &to);
}
#endif

struct Fiber {
    FiberContext context{};
    SanitizerFiber sanitizer;
    std::unique_ptr<char[]> stack;
    bool is_done = false;
};

struct Scheduler {
    FiberContext main{};
    SanitizerFiber main_sanitizer;
    std::vector<Fiber> fibers;
    std::vector<Warp> warps;
    uint32_t barrier_generation = 0;
    uint32_t num_at_barrier = 0;
    uint32_t num_alive = 0;
    bool has_progress = false;
    Position position{};
    Body body = nullptr;
    const void* params = nullptr;
};

thread_local Scheduler scheduler;

void yield() {
    Scheduler& s = scheduler;
    const uint32_t thread = s.position.thread;
    Fiber& fiber = s.fibers[thread];
    fiber.sanitizer.before_switch_to(s.main_sanitizer);
    switch_to(fiber.context, s.main);
    fiber.sanitizer.after_switch_from(s.main_sanitizer);
    s.position.thread = thread;
}

void fiber_main() {
    Scheduler& s = scheduler;
    const uint32_t thread = s.position.thread;
    Fiber& fiber = s.fibers[thread];
    fiber.sanitizer.after_switch_from(s.main_sanitizer);
    s.body(s.params);
    fiber.is_done = true;
    s.has_progress = true;
    --s.num_alive;
    // Threads that have ended count as having arrived everywhere, as on the device.
    Warp& warp = s.warps[thread / kLanes];
    --warp.num_lanes;
    if (warp.num_lanes != 0 && warp.num_arrived == warp.num_lanes) {
        warp.num_arrived = 0;
        ++warp.generation;
    }
    if (s.num_alive != 0 && s.num_at_barrier == s.num_alive) {
        s.num_at_barrier = 0;
        ++s.barrier_generation;
    }
    fiber.sanitizer.before_switch_to(s.main_sanitizer, true);
    switch_to(fiber.context, s.main);
}

bool run_block(uint32_t num_threads) {
    Scheduler& s = scheduler;
    if (s.fibers.size() < num_threads) s.fibers.resize(num_threads);
    s.warps.assign((num_threads + kLanes - 1) / kLanes, Warp{});
    s.barrier_generation = 0;
    s.num_at_barrier = 0;
    s.num_alive = num_threads;
    for (uint32_t thread = 0; thread < num_threads; ++thread) {
        Fiber& fiber = s.fibers[thread];
        if (!fiber.stack) fiber.stack = std::make_unique<char[]>(kStackBytes);
        fiber.is_done = false;
        fiber.sanitizer.restart(fiber.stack.get(), kStackBytes);
        prepare(fiber.context, fiber.stack.get(), fiber_main);
        ++s.warps[thread / kLanes].num_lanes;
    }
    while (s.num_alive != 0) {
        s.has_progress = false;
        for (uint32_t thread = 0; thread < num_threads; ++thread) {
            if (s.fibers[thread].is_done) continue;
            Fiber& fiber = s.fibers[thread];
            s.position.thread = thread;
            s.main_sanitizer.before_switch_to(fiber.sanitizer);
            switch_to(s.main, fiber.context);
            s.main_sanitizer.after_switch_from(fiber.sanitizer);
        }
        if (!s.has_progress) return false;
    }
    return true;
}

}  // namespace

const Position& position() {
    return scheduler.position;
}

void block_barrier() {
    Scheduler& s = scheduler;
    s.has_progress = true;
    const uint32_t generation = s.barrier_generation;
    if (++s.num_at_barrier == s.num_alive) {
        s.num_at_barrier = 0;
        ++s.barrier_generation;
        return;
    }
    while (s.barrier_generation == generation)
        yield();
}

const uint64_t* exchange(uint64_t value) {
    Scheduler& s = scheduler;
    s.has_progress = true;
    Warp& warp = s.warps[s.position.thread / kLanes];
    const uint32_t generation = warp.generation;
    uint64_t* values = warp.values[generation % 2];
    if (warp.num_arrived == 0) std::fill(values, values + kLanes, 0);
    values[s.position.thread % kLanes] = value;
    if (++warp.num_arrived == warp.num_lanes) {
        warp.num_arrived = 0;
        ++warp.generation;
        return values;
    }
    while (warp.generation == generation)
        yield();
    return values;
}

bool run_grid(Body body, const void* params, uint32_t grid_x, uint32_t grid_y, uint32_t num_threads,
              uint32_t shared_bytes) {
    Scheduler& s = scheduler;
    std::vector<uint64_t> shared((shared_bytes + 7) / 8 + 2);
    s.body = body;
    s.params = params;
    for (uint32_t y = 0; y < grid_y; ++y) {
        for (uint32_t x = 0; x < grid_x; ++x) {
            s.position = {0, num_threads, x, y, grid_x, reinterpret_cast<uint8_t*>(shared.data())};
            if (!run_block(num_threads)) return false;
        }
    }
    return true;
}

}  // namespace skep::cuda::emulation
