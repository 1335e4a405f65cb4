// SPDX-License-Identifier: MIT
// Whether keys read from a file are what a collection may hold.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace skep {

// What is wrong with a list: "key 7 of row 3 is also the key of row 1". Nothing: it is good.
using Complaint = std::optional<std::string>;

// count + 1 entries from 0 to num_bytes that never fall.
Complaint check_offsets(std::span<const std::uint64_t> offsets, std::uint64_t num_bytes);

// Each key once, and none UINT64_MAX. Time O(n log n), or O(n) where keys ascend.
Complaint check_u64_keys(std::span<const std::uint64_t> keys);

// Each key once, 1 to SKEP_MAX_KEY_BYTES bytes of UTF-8. `offsets` have been checked.
Complaint check_string_keys(std::span<const std::uint64_t> offsets,
                            std::span<const std::byte> bytes);

}  // namespace skep
