// SPDX-License-Identifier: MIT
// Selection by histogram: in which bin the k-th of many keys lies.
#pragma once

#include "simt.cuh"

namespace skep::cuda {

template <uint32_t kNumBins>
struct Bins {
    uint32_t histogram[kNumBins];
    // Before a step: how many keys are wanted. After it: how many of those lie in the chosen bin; 0
    // when there are fewer keys than wanted.
    uint32_t remaining;
    uint32_t chosen;
};

// Chooses the bin in which the last wanted key lies when bins are taken upwards (or downwards). The
// first warp of the block calls, between barriers; lane 0 takes the bins that come first.
template <bool kDescends, uint32_t kNumBins>
SKEP_DEVICE void choose_bin(Bins<kNumBins>& bins) {
    constexpr uint32_t kBinsPerLane = kNumBins / 32;
    const uint32_t lane = thread_index();
    const auto bin_of = [lane](uint32_t i) {
        const uint32_t position = lane * kBinsPerLane + i;
        return kDescends ? kNumBins - 1 - position : position;
    };
    const uint32_t wanted = bins.remaining;
    uint32_t own = 0;
#pragma unroll
    for (uint32_t i = 0; i < kBinsPerLane; ++i)
        own += bins.histogram[bin_of(i)];
    // How many lie in the bins of the lanes before, by doubling groups of lanes.
    uint32_t before = 0;
    uint32_t total = own;
#pragma unroll 1
    for (uint32_t step = 1; step < 32; step *= 2) {
        const uint32_t other = shuffle_xor(total, step);
        if ((lane & step) != 0) before += other;
        total += other;
    }
    warp_barrier();  // all have read what one lane replaces
    if (total < wanted) {
        if (lane == 0) bins.remaining = 0;
        return;
    }
    if (before >= wanted || before + own < wanted) return;
    uint32_t remaining = wanted - before;
    uint32_t i = 0;
#pragma unroll 1
    for (; bins.histogram[bin_of(i)] < remaining; ++i)
        remaining -= bins.histogram[bin_of(i)];
    bins.remaining = remaining;
    bins.chosen = bin_of(i);
}

}  // namespace skep::cuda
