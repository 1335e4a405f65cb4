// SPDX-License-Identifier: MIT
// Copies and the like in host memory, spread over the host's workers: one core copies slower than
// PCIe carries.
#pragma once

#include <skep/host_services.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "skep/common/parallel_parts.hpp"

namespace skep::cuda {

class HostWorkers {
  public:
    explicit HostWorkers(const skep_host_services& host) : host_(&host) {}

    // Runs body(begin, end) over parts of [0, bytes), on the calling thread alone if there is one
    // part. The body must not throw. Parts begin at multiples of 64.
    template <typename Body>
    void for_parts(std::uint64_t bytes, Body&& body) const {
        skep::for_parts(*host_, bytes, kPartBytes, body);
    }

    // As memcpy. Small copies stay on the calling thread.
    void copy(std::byte* target, const std::byte* source, std::uint64_t bytes) const {
        for_parts(bytes, [&](std::uint64_t begin, std::uint64_t end) {
            std::memcpy(target + begin, source + begin, end - begin);
        });
    }

  private:
    // Some 20 us of one core: above what waking a worker costs.
    static constexpr std::uint64_t kPartBytes = 128 * 1024;

    const skep_host_services* host_;
};

}  // namespace skep::cuda
