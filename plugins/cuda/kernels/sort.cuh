// SPDX-License-Identifier: MIT
// Sorting pairs of (distance key, slot) in shared memory by one block.
#pragma once

#include "simt.cuh"

namespace skep::cuda {

SKEP_DEVICE bool is_before(uint64_t key_a, uint32_t slot_a, uint64_t key_b, uint32_t slot_b) {
    return key_a < key_b || (key_a == key_b && slot_a < slot_b);
}

// Bitonic network; count is a power of two. Ends behind a barrier.
SKEP_DEVICE void sort_pairs(uint64_t* keys, uint32_t* slots, uint32_t count) {
    // Not unrolled: the driver's compiler would spend more on the copies than they save.
#pragma unroll 1
    for (uint32_t size = 2; size <= count; size *= 2) {
#pragma unroll 1
        for (uint32_t distance = size / 2; distance > 0; distance /= 2) {
            block_barrier();  // the step before is complete
#pragma unroll 1
            for (uint32_t pair = thread_index(); pair < count / 2; pair += num_threads()) {
                const uint32_t low = 2 * pair - (pair & (distance - 1));
                const uint32_t high = low + distance;
                const bool ascends = (low & size) == 0;
                const bool is_swapped =
                    ascends ? is_before(keys[high], slots[high], keys[low], slots[low])
                            : is_before(keys[low], slots[low], keys[high], slots[high]);
                if (is_swapped) {
                    const uint64_t key = keys[low];
                    keys[low] = keys[high];
                    keys[high] = key;
                    const uint32_t slot = slots[low];
                    slots[low] = slots[high];
                    slots[high] = slot;
                }
            }
        }
    }
    block_barrier();  // sorted for every reader
}

}  // namespace skep::cuda
