// SPDX-License-Identifier: MIT
// The owned answer of a range search.
#pragma once

#include <skep/skep.h>

#include <cstdint>
#include <vector>

#include "bridge/byte_list.hpp"

struct skep_range_result {
    std::vector<std::uint64_t> offsets;  // [num_queries + 1]
    std::vector<float> distances;
    std::vector<std::uint64_t> keys;  // u64 collections
    skep_byte_list strings;           // string collections
    skep_key_kind key_kind = SKEP_KEY_U64;
};
