// SPDX-License-Identifier: MIT
// Tells the address sanitizer that a thread goes on with another stack; in other builds all of it
// is nothing. One object per stack, that of the thread itself among them. The thread sanitizer is
// told nothing: to it the fibers of a block are the one thread that runs them, which its build
// keeps right by not following calls in kernels (CMakeLists.txt).
#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#define SKEP_FIBERS_UNDER_ASAN
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SKEP_FIBERS_UNDER_ASAN
#endif
#endif

#if defined(SKEP_FIBERS_UNDER_ASAN)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace skep::cuda::emulation {

#if defined(SKEP_FIBERS_UNDER_ASAN)
constexpr std::size_t kStackFactor = 4;  // redzones around every local

class SanitizerFiber {
  public:
    // The stack begins anew; what its last use left poisoned is free.
    void restart(const char* stack, std::size_t bytes) {
        bottom_ = stack;
        bytes_ = bytes;
        fake_stack_ = nullptr;
        ASAN_UNPOISON_MEMORY_REGION(stack, bytes);
    }
    // is_last: this stack is not returned to.
    void before_switch_to(const SanitizerFiber& next, bool is_last = false) {
        __sanitizer_start_switch_fiber(is_last ? nullptr : &fake_stack_, next.bottom_, next.bytes_);
    }
    // Called on this stack. Learns the bounds of the thread's own stack on the way.
    void after_switch_from(SanitizerFiber& last) {
        __sanitizer_finish_switch_fiber(fake_stack_, &last.bottom_, &last.bytes_);
    }

  private:
    const void* bottom_ = nullptr;
    std::size_t bytes_ = 0;
    void* fake_stack_ = nullptr;
};

#else
constexpr std::size_t kStackFactor = 1;

struct SanitizerFiber {
    void restart(const char*, std::size_t) {}
    void before_switch_to(const SanitizerFiber&, bool = false) {}
    void after_switch_from(SanitizerFiber&) {}
};
#endif

}  // namespace skep::cuda::emulation
