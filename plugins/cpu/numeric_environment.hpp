// SPDX-License-Identifier: MIT
// Default floating-point behaviour for one piece of work, whatever the calling thread has set.
#pragma once

#include <cstdint>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace skep::cpu {

// Round to nearest and keep denormals, until the end of the scope. Applications linked with
// -ffast-math flush denormals in every thread, which would change the bits of distances.
class NumericEnvironment {
  public:
    NumericEnvironment() : saved_(read()) {
        if (saved_ != kDefault) write(kDefault);
    }
    ~NumericEnvironment() {
        if (saved_ != kDefault) write(saved_);
    }
    NumericEnvironment(const NumericEnvironment&) = delete;
    NumericEnvironment& operator=(const NumericEnvironment&) = delete;

  private:
#if defined(__x86_64__)
    using Control = std::uint32_t;
    static constexpr Control kDefault = 0x1F80;  // all exceptions masked, nearest, no flushing
    static constexpr Control kStatusFlags = 0x3F;
    static Control read() { return _mm_getcsr() & ~kStatusFlags; }
    static void write(Control value) { _mm_setcsr(value); }
#elif defined(__aarch64__)
    using Control = std::uint64_t;
    static constexpr Control kDefault = 0;
    static Control read() {
        Control value;
        asm volatile("mrs %0, fpcr" : "=r"(value));
        return value;
    }
    static void write(Control value) { asm volatile("msr fpcr, %0" : : "r"(value)); }
#else
    using Control = int;
    static constexpr Control kDefault = 0;
    static Control read() { return 0; }
    static void write(Control) {}
#endif

    Control saved_;
};

}  // namespace skep::cpu
