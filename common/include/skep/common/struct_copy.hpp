// SPDX-License-Identifier: MIT
// Reading and writing size-first structs without ever touching a byte past the smaller of both
// sizes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace skep {

// A copy of what the peer filled in; members that it does not know are zero. `source` may be null:
// all zero.
template <typename Struct>
[[nodiscard]] Struct read_struct(const Struct* source) noexcept {
    static_assert(std::is_trivially_copyable_v<Struct>);
    if (source == nullptr) return Struct{};
    std::uint32_t size = 0;
    std::memcpy(&size, source, sizeof size);
    if (size >= sizeof(Struct)) return *source;  // today's peers: a copy of known length
    Struct copy{};
    std::memcpy(&copy, source, size);
    return copy;
}

// Whether the peer's struct reaches at least `floor` bytes, as SKEP_SIZE_THROUGH counts them.
template <typename Struct>
[[nodiscard]] bool has_size(const Struct* source, std::size_t floor) noexcept {
    std::uint32_t size = 0;
    std::memcpy(&size, source, sizeof size);
    return size >= floor;
}

// Writes `value` into the peer's struct as far as that reaches; its struct_size stays as the peer
// set it.
template <typename Struct>
void write_struct(Struct* target, const Struct& value) noexcept {
    static_assert(std::is_trivially_copyable_v<Struct>);
    std::uint32_t size = 0;
    std::memcpy(&size, target, sizeof size);
    const std::size_t end = std::min<std::size_t>(size, sizeof value);
    if (end <= sizeof size) return;
    std::memcpy(reinterpret_cast<char*>(target) + sizeof size,
                reinterpret_cast<const char*>(&value) + sizeof size, end - sizeof size);
}

// Copies text into a fixed buffer of a struct: cut at a UTF-8 boundary if too long, always
// terminated.
template <std::size_t Size>
void copy_text(char (&target)[Size], const char* text, std::size_t length) noexcept {
    std::size_t end = std::min(length, Size - 1);
    while (end < length && end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
        --end;
    }
    std::memcpy(target, text, end);
    target[end] = '\0';
}

}  // namespace skep
