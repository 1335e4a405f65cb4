// SPDX-License-Identifier: MIT
#include "graph/graph_kernels.hpp"

#include <algorithm>
#include <bit>

#include "index/search_input.hpp"

namespace skep::cuda {
namespace {

// A walk meets some twenty rows per entry of its pool. A table of fewer places forgets some of
// them, and leaves shared memory to other walks and to the cache.
constexpr std::uint32_t kVisitedPerEntry = 12;
constexpr std::uint32_t kLeastVisited = 512;
constexpr std::uint32_t kMostVisited = 2048;  // more would leave room for fewer walks

}  // namespace

const kernels::GraphKernels& graph_kernels(const RowsView& rows, std::int32_t codes_are) {
    if (codes_are == kSignedCodes) return kernels::kGraphS8S8;
    const bool is_whole =
        codes_are == kByteCodes && rows.metric != kCosine && rows.dim <= kMaxUnsignedDim;
    return is_whole ? kernels::kGraphBytes : kernels::kGraphU8U8;
}

const kernels::GraphKernels& graph_kernels(std::int32_t rows_are, std::int32_t queries_are) {
    if (queries_are == kByteCodes) return kernels::kGraphBytes;
    if (queries_are == kUnsignedCodes) return kernels::kGraphU8U8;
    return rows_are == kSignedCodes ? kernels::kGraphS8S8 : kernels::kGraphS8U8;
}

CUfunction graph_kernel(Device& device, const char* name) {
    return device.modules().function(name,
                                     static_cast<std::uint32_t>(device.facts().max_shared_bytes));
}

WalkLaunch plan_walk(std::uint32_t width, const DeviceFacts& facts) {
    WalkLaunch launch{};
    launch.num_visited =
        std::clamp(std::bit_ceil(kVisitedPerEntry * width), kLeastVisited, kMostVisited);
    const auto shared_bytes = [&] {
        return kWalkWarps * graph_warp_bytes(width, launch.num_visited);
    };
    while (shared_bytes() > facts.max_shared_bytes && launch.num_visited > 1)
        launch.num_visited /= 2;
    launch.shared_bytes = shared_bytes();
    return launch;
}

}  // namespace skep::cuda
