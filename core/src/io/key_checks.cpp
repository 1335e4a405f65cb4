// SPDX-License-Identifier: MIT
#include "io/key_checks.hpp"

#include <fmt/format.h>
#include <skep/types.h>

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "io/checksum.hpp"
#include "skep/common/utf8.hpp"

namespace skep {
namespace {

// A row beside what its key sorts by. Sorting cannot be made slow by keys that somebody chose, as a
// hash table can.
struct SortedKey {
    std::uint64_t value;  // the key itself, or the hash of a string
    std::uint64_t row;
};

}  // namespace

Complaint check_offsets(std::span<const std::uint64_t> offsets, std::uint64_t num_bytes) {
    if (offsets.front() != 0) return fmt::format("offset 0 is {}; expected 0", offsets.front());
    for (std::size_t row = 0; row + 1 < offsets.size(); ++row) {
        if (offsets[row + 1] < offsets[row]) {
            return fmt::format("offset {} is {}; expected at least {}, where row {} begins",
                               row + 1, offsets[row + 1], offsets[row], row);
        }
    }
    if (offsets.back() != num_bytes) {
        return fmt::format("offset {} is {}; expected {}, the length of the bytes",
                           offsets.size() - 1, offsets.back(), num_bytes);
    }
    return {};
}

Complaint check_u64_keys(std::span<const std::uint64_t> keys) {
    const auto reserved = std::find(keys.begin(), keys.end(), UINT64_MAX);
    if (reserved != keys.end()) {
        return fmt::format("key of row {} is UINT64_MAX, which marks a missing answer",
                           reserved - keys.begin());
    }
    if (std::adjacent_find(keys.begin(), keys.end(), std::greater_equal<>()) == keys.end()) {
        return {};
    }
    std::vector<SortedKey> sorted(keys.size());
    for (std::size_t row = 0; row < keys.size(); ++row)
        sorted[row] = {keys[row], row};
    std::sort(sorted.begin(), sorted.end(), [](const SortedKey& a, const SortedKey& b) {
        return a.value != b.value ? a.value < b.value : a.row < b.row;
    });
    const auto twin = std::adjacent_find(
        sorted.begin(), sorted.end(),
        [](const SortedKey& a, const SortedKey& b) { return a.value == b.value; });
    if (twin == sorted.end()) return {};
    return fmt::format("key {} of row {} is also the key of row {}; expected each key once",
                       twin->value, std::next(twin)->row, twin->row);
}

Complaint check_string_keys(std::span<const std::uint64_t> offsets,
                            std::span<const std::byte> bytes) {
    const std::size_t num_rows = offsets.size() - 1;
    const auto key_of = [&](std::uint64_t row) {
        return std::string_view(reinterpret_cast<const char*>(bytes.data()) + offsets[row],
                                offsets[row + 1] - offsets[row]);
    };
    std::vector<SortedKey> sorted(num_rows);
    for (std::size_t row = 0; row < num_rows; ++row) {
        const std::string_view key = key_of(row);
        if (key.empty() || key.size() > SKEP_MAX_KEY_BYTES) {
            return fmt::format("key of row {} has {} bytes; expected 1 to {}", row, key.size(),
                               SKEP_MAX_KEY_BYTES);
        }
        const std::size_t bad = first_not_utf8(key);
        if (bad != key.size()) {
            return fmt::format("key of row {} is not UTF-8 from byte {} on", row, bad);
        }
        sorted[row] = {checksum_of(key.data(), key.size()), row};
    }
    const auto is_less = [&](const SortedKey& a, const SortedKey& b) {
        if (a.value != b.value) return a.value < b.value;
        const int order = key_of(a.row).compare(key_of(b.row));
        return order != 0 ? order < 0 : a.row < b.row;
    };
    std::sort(sorted.begin(), sorted.end(), is_less);
    const auto twin = std::adjacent_find(
        sorted.begin(), sorted.end(), [&](const SortedKey& a, const SortedKey& b) {
            return a.value == b.value && key_of(a.row) == key_of(b.row);
        });
    if (twin == sorted.end()) return {};
    return fmt::format("key '{}' of row {} is also the key of row {}; expected each key once",
                       key_of(twin->row), std::next(twin)->row, twin->row);
}

}  // namespace skep
