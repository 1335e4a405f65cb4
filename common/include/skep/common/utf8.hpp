// SPDX-License-Identifier: MIT
// Well-formed UTF-8 as Unicode defines it (table 3-7): no overlong forms, no surrogates, nothing
// above U+10FFFF.
#pragma once

#include <cstddef>
#include <string_view>

namespace skep {

// Position of the first byte that starts no well-formed sequence; text.size() if all of it is well
// formed.
inline std::size_t first_not_utf8(std::string_view text) {
    const auto byte_at = [text](std::size_t position) -> unsigned {
        return position < text.size() ? static_cast<unsigned char>(text[position]) : 0U;
    };
    std::size_t position = 0;
    while (position < text.size()) {
        const unsigned lead = byte_at(position);
        if (lead < 0x80U) {
            ++position;
            continue;
        }
        // The second byte's range depends on the lead: this is what rules the bad forms out.
        std::size_t num_trailing = 0;
        unsigned low = 0x80U;
        unsigned high = 0xBFU;
        if (lead >= 0xC2U && lead <= 0xDFU) {
            num_trailing = 1;
        } else if (lead >= 0xE0U && lead <= 0xEFU) {
            num_trailing = 2;
            if (lead == 0xE0U) low = 0xA0U;
            if (lead == 0xEDU) high = 0x9FU;
        } else if (lead >= 0xF0U && lead <= 0xF4U) {
            num_trailing = 3;
            if (lead == 0xF0U) low = 0x90U;
            if (lead == 0xF4U) high = 0x8FU;
        } else {
            return position;
        }
        for (std::size_t trailing = 1; trailing <= num_trailing; ++trailing) {
            const unsigned byte = byte_at(position + trailing);
            if (byte < low || byte > high) return position;
            low = 0x80U;
            high = 0xBFU;
        }
        position += 1 + num_trailing;
    }
    return position;
}

}  // namespace skep
