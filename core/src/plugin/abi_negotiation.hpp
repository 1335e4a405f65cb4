// SPDX-License-Identifier: MIT
// Which version of the backend ABI host and backend speak, and what the backend answers to the
// first call.
#pragma once

#include <skep/backend.h>

#include <cstdint>
#include <optional>
#include <string>

#include "skep/result.hpp"

namespace skep {

// Versions from min to max, both included.
struct AbiRange {
    std::uint32_t min = 0;
    std::uint32_t max = 0;

    [[nodiscard]] bool contains(std::uint32_t version) const {
        return min <= version && version <= max;
    }
    friend bool operator==(const AbiRange&, const AbiRange&) = default;
};

inline constexpr AbiRange kHostAbi{SKEP_BACKEND_ABI_VERSION, SKEP_BACKEND_ABI_VERSION};

// "1 to 3".
std::string to_text(const AbiRange& range);

// The highest version in both ranges.
std::optional<std::uint32_t> highest_common_version(const AbiRange& host, const AbiRange& backend);

// SKEP_ABI_MISMATCH with both ranges in the text.
Error abi_mismatch(const std::string& who, const AbiRange& host, const AbiRange& backend);

// Calls the entry function and checks everything it answers but the operations themselves: status,
// ranges, version, table, name. On success the answer's table is there and at least as long as its
// own header.
Result<skep_backend_answer> negotiate(skep_backend_entry_fn entry, const AbiRange& host,
                                      const std::string& expected_name);

}  // namespace skep
