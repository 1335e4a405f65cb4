// SPDX-License-Identifier: MIT
// Copies in host memory, spread over the host's workers: one core copies slower than PCIe carries.
#pragma once

#include <skep/host_services.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace skep::cuda {

class HostWorkers {
  public:
    explicit HostWorkers(const skep_host_services& host) : host_(&host) {}

    // As memcpy. Small copies stay on the calling thread.
    void copy(std::byte* target, const std::byte* source, std::uint64_t bytes) const {
        if (bytes <= kPartBytes) {
            std::memcpy(target, source, bytes);
            return;
        }
        struct Copy {
            std::byte* target;
            const std::byte* source;
            std::uint64_t bytes;
        };
        Copy copy{target, source, bytes};
        host_->parallel_for(
            host_->context, (bytes + kPartBytes - 1) / kPartBytes,
            [](void* context, std::uint64_t part, std::uint32_t) {
                const auto& whole = *static_cast<const Copy*>(context);
                const std::uint64_t begin = part * kPartBytes;
                std::memcpy(whole.target + begin, whole.source + begin,
                            std::min(kPartBytes, whole.bytes - begin));
            },
            &copy);
    }

  private:
    // Some 50 us of one core: well above what waking a worker costs.
    static constexpr std::uint64_t kPartBytes = 512 * 1024;

    const skep_host_services* host_;
};

}  // namespace skep::cuda
