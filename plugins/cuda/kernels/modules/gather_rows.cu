// SPDX-License-Identifier: MIT
// gather_rows: copies whole rows, given by number, to where they shall lie.
// Launch    grid-stride over words, blocks of kGatherThreads.
// Checked   tests/unit/plugins/cuda/flat_store_test.cpp
#include "encode_params.h"
#include "simt.cuh"

namespace skep::cuda {

SKEP_KERNEL(kGatherThreads) gather_rows(GatherParams params) {
    const uint64_t num_words = params.num_rows * params.row_words;
    const uint64_t stride = (uint64_t)num_blocks() * kGatherThreads;
    for (uint64_t word = (uint64_t)block_index() * kGatherThreads + thread_index();
         word < num_words; word += stride) {
        const uint64_t row = word / params.row_words;
        const uint64_t column = word - row * params.row_words;
        params.target[word] = params.source[params.slots[row] * params.row_words + column];
    }
}

}  // namespace skep::cuda
