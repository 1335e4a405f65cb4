// SPDX-License-Identifier: MIT
// The keys of one call, checked: of the collection's kind, well formed, as many as expected.
#pragma once

#include <skep/types.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "skep/result.hpp"

namespace skep {

// Borrows the caller's arrays.
class KeyBatch {
  public:
    // Checks everything but whether keys repeat. UINT64_MAX is no key: it marks a missing answer.
    static Result<KeyBatch> create(const char* operation, const skep_keys& keys,
                                   skep_key_kind expected_kind,
                                   std::optional<std::uint64_t> expected_count = std::nullopt);
    // first, first + 1, ... The sum must not reach UINT64_MAX.
    static KeyBatch numbered(std::uint64_t first, std::uint64_t count);

    // Keys that were checked when they came in.
    static KeyBatch checked_u64(std::span<const std::uint64_t> keys);
    static KeyBatch checked_strings(std::span<const std::uint64_t> offsets, const char* bytes);

    [[nodiscard]] skep_key_kind kind() const { return kind_; }
    [[nodiscard]] std::uint64_t count() const { return count_; }

    [[nodiscard]] std::uint64_t u64(std::uint64_t position) const {
        return u64_ == nullptr ? first_ + position : u64_[position];
    }
    [[nodiscard]] std::string_view string(std::uint64_t position) const {
        return {bytes_ + offsets_[position], offsets_[position + 1] - offsets_[position]};
    }
    // For messages: 42 or 'name'.
    [[nodiscard]] std::string text(std::uint64_t position) const;

  private:
    KeyBatch() = default;

    skep_key_kind kind_ = SKEP_KEY_U64;
    std::uint64_t count_ = 0;
    std::uint64_t first_ = 0;
    const std::uint64_t* u64_ = nullptr;
    const std::uint64_t* offsets_ = nullptr;
    const char* bytes_ = nullptr;
};

}  // namespace skep
