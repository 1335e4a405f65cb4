// SPDX-License-Identifier: MIT
// Makes operator new fail on request, in the calling thread. Linking failing_allocation.cpp
// replaces operator new of the whole program, so that it belongs into test programs of its own.
#pragma once

#include <cstdint>

namespace skep::testing {

// While it lives, the n-th allocation of this thread (1 is the next) throws std::bad_alloc.
class FailingAllocation {
  public:
    explicit FailingAllocation(std::uint64_t n);
    ~FailingAllocation();
    FailingAllocation(const FailingAllocation&) = delete;
    FailingAllocation& operator=(const FailingAllocation&) = delete;

    // Whether the allocation has been asked for and refused.
    [[nodiscard]] bool has_failed() const;
};

}  // namespace skep::testing
