// SPDX-License-Identifier: MIT
#include "index/search_plan.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <numeric>

namespace skep::cuda {
namespace {

// A batch up to here is about latency: longer lists cost little and save rounds.
constexpr std::uint64_t kSmallBatch = 64;
// Bytes of candidate lists, and of queries, that one tile may take.
constexpr std::uint64_t kListBytes = 192ULL << 20;
constexpr std::uint64_t kQueryBytes = 16ULL << 20;
// The host stages the next tile while the device works on one, so a large batch has several.
constexpr std::uint64_t kMaxTileQueries = 5120;

// A sample of which only the best of each block are kept: a sixteenth of the rows, if that is
// enough blocks for the k nearest to lie in different ones, mostly. Some kSampleShare * k rows
// reach the threshold that it gives.
constexpr std::uint64_t kSampleShare = 16;
constexpr std::uint64_t kBlocksPerNeighbor = 4;
// A sweep is about latency: it samples less of a large store, but never less than what takes no
// longer than its launch.
constexpr std::uint64_t kSweepSampleShare = 64;
constexpr std::uint64_t kSweepSampleBytes = 8ULL << 20;

std::uint64_t coprime_multiplier(std::uint64_t num_blocks) {
    // Near the golden section of the range: prefixes of the order are spread evenly.
    auto multiplier =
        static_cast<std::uint64_t>(0.6180339887498949 * static_cast<double>(num_blocks));
    multiplier = std::max<std::uint64_t>(multiplier, 1);
    while (std::gcd(multiplier, num_blocks) != 1)
        ++multiplier;
    return multiplier;
}

std::uint64_t sampled_blocks(std::uint64_t num_blocks, std::uint32_t dim, bool is_tiled) {
    const std::uint64_t most = num_blocks / kSampleShare;
    if (is_tiled) return most;
    const std::uint64_t at_no_cost = kSweepSampleBytes / (std::uint64_t{kRowsPerBlock} * dim);
    return std::max(num_blocks / kSweepSampleShare, std::min(most, at_no_cost));
}

}  // namespace

SearchPlan plan_search(std::uint64_t num_slots, std::uint64_t num_queries, std::uint32_t dim,
                       std::uint32_t k, bool is_tiled) {
    SearchPlan plan{};
    const std::uint64_t num_blocks = (num_slots + kRowsPerBlock - 1) / kRowsPerBlock;
    plan.order = {num_blocks, coprime_multiplier(num_blocks)};

    // Lists hold at least 16 k candidates: the first round fills them, and each later round grows
    // the sample by as much as keeps the expected survivors to a quarter of the list.
    const bool is_small = num_queries <= kSmallBatch;
    const std::uint32_t least = is_small ? 8192 : 4096;
    plan.list_capacity = std::max(least, std::bit_ceil(16 * k));
    plan.sort_capacity = k <= 256 ? 1024 : 2 * kMaxDeviceK;
    // For large batches each survivor costs more than a selection: k ln(growth) a round.
    const std::uint64_t growth =
        std::clamp<std::uint64_t>(plan.list_capacity / (4 * k), 4, is_small ? 256 : 8);

    const std::uint64_t num_sampled = sampled_blocks(num_blocks, dim, is_tiled);
    if (num_sampled >= kBlocksPerNeighbor * k) {
        plan.rounds = {{0, num_sampled, kKeepBest}, {0, num_blocks, kKeepReaching}};
    } else {
        std::uint64_t end = std::min<std::uint64_t>(num_blocks, plan.list_capacity / kRowsPerBlock);
        plan.rounds.push_back({0, end, kKeepAll});
        while (end < num_blocks) {
            const std::uint64_t first = end;
            end = std::min(num_blocks, end * growth);
            plan.rounds.push_back({first, end, kKeepReaching});
        }
    }

    const std::uint64_t by_lists = kListBytes / (plan.list_capacity * sizeof(Candidate));
    const std::uint64_t by_queries =
        std::max<std::uint64_t>(kQueryBytes / (dim * sizeof(float)), 8);
    plan.tile_queries =
        static_cast<std::uint32_t>(std::min({num_queries, by_lists, by_queries, kMaxTileQueries}));
    return plan;
}

}  // namespace skep::cuda
