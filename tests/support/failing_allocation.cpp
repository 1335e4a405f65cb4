// SPDX-License-Identifier: MIT
#include "support/failing_allocation.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace {

thread_local std::uint64_t allocations_left = 0;  // 0: none fails
thread_local bool failure_happened = false;

void* allocate(std::size_t size, std::size_t alignment) {
    if (allocations_left != 0 && --allocations_left == 0) {
        failure_happened = true;
        throw std::bad_alloc();
    }
    const std::size_t rounded = (size + alignment - 1) / alignment * alignment;
    void* const pointer = alignment <= alignof(std::max_align_t)
                              ? std::malloc(size == 0 ? 1 : size)
                              : std::aligned_alloc(alignment, rounded);
    if (pointer == nullptr) throw std::bad_alloc();
    return pointer;
}

}  // namespace

// The forms for arrays and for std::nothrow come down to these.
void* operator new(std::size_t size) {
    return allocate(size, 1);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
    return allocate(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* pointer) noexcept {
    std::free(pointer);
}
void operator delete(void* pointer, std::size_t) noexcept {
    std::free(pointer);
}
void operator delete(void* pointer, std::align_val_t) noexcept {
    std::free(pointer);
}
void operator delete(void* pointer, std::size_t, std::align_val_t) noexcept {
    std::free(pointer);
}

namespace skep::testing {

FailingAllocation::FailingAllocation(std::uint64_t n) {
    allocations_left = n;
    failure_happened = false;
}

FailingAllocation::~FailingAllocation() {
    allocations_left = 0;
}

bool FailingAllocation::has_failed() const {
    return failure_happened;
}

}  // namespace skep::testing
