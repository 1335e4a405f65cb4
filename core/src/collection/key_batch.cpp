// SPDX-License-Identifier: MIT
#include "collection/key_batch.hpp"

#include <cstdint>

#include <fmt/format.h>

#include "collection/validation.hpp"
#include "skep/common/utf8.hpp"

namespace skep {
namespace {

const char* kind_text(skep_key_kind kind) {
    return kind == SKEP_KEY_U64 ? "u64" : "string";
}

Result<void> check_u64_keys(const char* operation, const skep_keys& keys) {
    if (keys.u64 == nullptr) {
        return client_error(
            SKEP_INVALID_ARGUMENT,
            fmt::format("{}: keys.u64 is NULL; expected {} keys", operation, keys.count));
    }
    for (std::uint64_t position = 0; position < keys.count; ++position) {
        if (keys.u64[position] == UINT64_MAX) {
            return client_error(SKEP_INVALID_KEY,
                                fmt::format("{}: key {} is UINT64_MAX, which marks a missing "
                                            "answer; expected a smaller number",
                                            operation, position));
        }
    }
    return {};
}

Result<void> check_string_keys(const char* operation, const skep_keys& keys) {
    const skep_byte_list_view list{sizeof(skep_byte_list_view), 0, keys.count, keys.offsets,
                                   keys.bytes};
    Result<void> checked = check_byte_list(operation, "keys", list);
    if (!checked) return checked;
    for (std::uint64_t position = 0; position < keys.count; ++position) {
        const std::uint64_t length = keys.offsets[position + 1] - keys.offsets[position];
        if (length == 0 || length > SKEP_MAX_KEY_BYTES) {
            return client_error(SKEP_INVALID_KEY,
                                fmt::format("{}: key {} has {} bytes; expected 1 to {}", operation,
                                            position, length, SKEP_MAX_KEY_BYTES));
        }
        const char* const text = static_cast<const char*>(keys.bytes) + keys.offsets[position];
        const std::size_t wrong = first_not_utf8({text, length});
        if (wrong != length) {
            return client_error(SKEP_INVALID_KEY,
                                fmt::format("{}: key {} is no UTF-8 at byte {}; expected UTF-8",
                                            operation, position, wrong));
        }
    }
    return {};
}

}  // namespace

Result<KeyBatch> KeyBatch::create(const char* operation, const skep_keys& keys,
                                  skep_key_kind expected_kind,
                                  std::optional<std::uint64_t> expected_count) {
    if (keys.kind != expected_kind) {
        return client_error(
            SKEP_INVALID_KEY,
            fmt::format("{}: keys.kind is {}; expected {} ({} keys), as the collection has",
                        operation, keys.kind, expected_kind, kind_text(expected_kind)));
    }
    if (expected_count && keys.count != *expected_count) {
        return client_error(SKEP_INVALID_ARGUMENT,
                            fmt::format("{}: {} keys for {} rows; expected one key per row",
                                        operation, keys.count, *expected_count));
    }
    if (keys.count != 0) {
        const Result<void> checked = expected_kind == SKEP_KEY_U64
                                         ? check_u64_keys(operation, keys)
                                         : check_string_keys(operation, keys);
        if (!checked) return checked.error();
    }
    KeyBatch batch;
    batch.kind_ = keys.kind;
    batch.count_ = keys.count;
    batch.u64_ = keys.u64;
    batch.offsets_ = keys.offsets;
    batch.bytes_ = static_cast<const char*>(keys.bytes);
    return batch;
}

KeyBatch KeyBatch::numbered(std::uint64_t first, std::uint64_t count) {
    KeyBatch batch;
    batch.count_ = count;
    batch.first_ = first;
    return batch;
}

KeyBatch KeyBatch::checked_u64(std::span<const std::uint64_t> keys) {
    KeyBatch batch;
    batch.count_ = keys.size();
    batch.u64_ = keys.data();
    return batch;
}

KeyBatch KeyBatch::checked_strings(std::span<const std::uint64_t> offsets, const char* bytes) {
    KeyBatch batch;
    batch.kind_ = SKEP_KEY_STRING;
    batch.count_ = offsets.size() - 1;
    batch.offsets_ = offsets.data();
    batch.bytes_ = bytes;
    return batch;
}

std::string KeyBatch::text(std::uint64_t position) const {
    if (kind_ == SKEP_KEY_U64) return std::to_string(u64(position));
    return fmt::format("'{}'", string(position));
}

}  // namespace skep
