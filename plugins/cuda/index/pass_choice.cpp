// SPDX-License-Identifier: MIT
#include "index/pass_choice.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace skep::cuda {
namespace {

std::size_t bucket_of(std::uint64_t num_queries) {
    return static_cast<std::size_t>(std::bit_width(num_queries - 1)) - 1;
}

}  // namespace

bool PassChoice::is_measured(std::uint64_t num_queries, std::uint64_t num_slots) {
    return num_queries > 1 && num_queries <= kLargestSwept && num_slots >= kLeastSlots;
}

Pass PassChoice::choose(std::uint64_t num_queries, std::uint64_t num_slots,
                        std::uint64_t likely_swept) const {
    const Pass likely = num_queries > likely_swept ? Pass::kTile : Pass::kSweep;
    if (!is_measured(num_queries, num_slots)) return likely;
    const Pass other = likely == Pass::kTile ? Pass::kSweep : Pass::kTile;
    const std::lock_guard lock(mutex_);
    const auto& times = buckets_[bucket_of(num_queries)].times;
    const Times& of_likely = times[static_cast<std::size_t>(likely)];
    const Times& of_other = times[static_cast<std::size_t>(other)];
    if (of_likely.num_trials < kNumTrials || of_other.num_trials < kNumTrials) {
        return of_likely.num_trials <= of_other.num_trials ? likely : other;
    }
    return of_other.seconds_per_slot < of_likely.seconds_per_slot ? other : likely;
}

void PassChoice::record(Pass pass, std::uint64_t num_queries, std::uint64_t num_slots,
                        double seconds) {
    if (!is_measured(num_queries, num_slots)) return;
    const std::lock_guard lock(mutex_);
    Times& times = buckets_[bucket_of(num_queries)].times[static_cast<std::size_t>(pass)];
    if (times.num_trials++ == 0) return;
    times.seconds_per_slot =
        std::min(times.seconds_per_slot, seconds / static_cast<double>(num_slots));
}

}  // namespace skep::cuda
