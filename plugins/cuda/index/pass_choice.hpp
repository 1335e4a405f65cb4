// SPDX-License-Identifier: MIT
// Whether a small batch is swept or multiplied on the matrix units: by what either took before.
// A sweep reads the codes once for every eight queries; a matrix kernel once for all, but works as
// if it had 64 or 256. Where one overtakes the other depends on the device and on the codes, so
// each store measures.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>

namespace skep::cuda {

enum class Pass : std::uint8_t { kSweep, kTile };

// Thread-safe. Answers have the same bits either way.
class PassChoice {
  public:
    // Batches above are multiplied, single queries swept, whatever was measured.
    static constexpr std::uint64_t kLargestSwept = 32;
    // Stores with fewer rows take no time worth measuring.
    static constexpr std::uint64_t kLeastSlots = 1U << 16;

    // What to take for a batch of num_queries over num_slots rows. For each size of batch, to the
    // next power of two, the first searches take both in turn, kNumTrials times each, beginning
    // with what is likely the faster: sweeps up to likely_swept queries.
    [[nodiscard]] Pass choose(std::uint64_t num_queries, std::uint64_t num_slots,
                              std::uint64_t likely_swept) const;

    // How long such a search took. The first of either counts as a trial and not as a time: it may
    // have compiled its kernels. Of the others the shortest counts: other work only lengthens.
    void record(Pass pass, std::uint64_t num_queries, std::uint64_t num_slots, double seconds);

    static constexpr std::uint32_t kNumTrials = 4;

  private:
    struct Times {
        std::uint32_t num_trials = 0;
        double seconds_per_slot = std::numeric_limits<double>::infinity();
    };
    // Of batches of 2, 3 to 4, 5 to 8, ...
    struct Bucket {
        std::array<Times, 2> times;  // by Pass
    };
    static constexpr std::size_t kNumBuckets = 5;

    [[nodiscard]] static bool is_measured(std::uint64_t num_queries, std::uint64_t num_slots);

    mutable std::mutex mutex_;
    std::array<Bucket, kNumBuckets> buckets_;
};

}  // namespace skep::cuda
