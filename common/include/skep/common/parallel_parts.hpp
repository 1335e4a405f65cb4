// SPDX-License-Identifier: MIT
#pragma once

#include <skep/host_services.h>

#include <algorithm>
#include <cstdint>
#include <type_traits>

namespace skep {

// Runs body(begin, end) over parts of [0, count), part_size items each but the last: on the host's
// workers, or on the calling thread alone if there is one part. The body must not throw.
template <typename Body>
void for_parts(const skep_host_services& host, std::uint64_t count, std::uint64_t part_size,
               Body&& body) {
    if (count <= part_size) {
        body(std::uint64_t{0}, count);
        return;
    }
    struct Work {
        std::remove_reference_t<Body>& body;
        std::uint64_t count;
        std::uint64_t part_size;
    };
    Work work{body, count, part_size};
    host.parallel_for(
        host.context, (count + part_size - 1) / part_size,
        [](void* context, std::uint64_t part, std::uint32_t) {
            const auto& whole = *static_cast<const Work*>(context);
            const std::uint64_t begin = part * whole.part_size;
            whole.body(begin, std::min(begin + whole.part_size, whole.count));
        },
        &work);
}

}  // namespace skep
