// SPDX-License-Identifier: MIT
// The owned list of byte strings that skep.h hands out.
#pragma once

#include <skep/skep.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Items lie one after another in `bytes`, each followed by a NUL that belongs to no item.
struct skep_byte_list {
    std::vector<std::uint64_t> starts;  // [count]
    std::vector<std::uint64_t> sizes;   // [count]
    std::string bytes;

    void append(std::string_view item) {
        starts.push_back(bytes.size());
        sizes.push_back(item.size());
        bytes.append(item);
        bytes.push_back('\0');
    }
};

namespace skep {

// A list of one text, for reports.
inline std::unique_ptr<skep_byte_list> make_byte_list(std::string_view text) {
    auto list = std::make_unique<skep_byte_list>();
    list->append(text);
    return list;
}

}  // namespace skep
