// SPDX-License-Identifier: MIT
// Where the members of a JSON text stand, so that a complaint about a value can name its line. The
// document model forgets that.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace skep {

struct TextPosition {
    std::size_t line = 1;    // from 1
    std::size_t column = 1;  // in bytes, from 1
};
TextPosition position_at(std::string_view text, std::size_t offset);

// Member names of a JSON text that is known to be well-formed, by path: "abi.min" -> offset of its
// opening quote. Members inside arrays are not listed.
struct JsonPositions {
    std::map<std::string, std::size_t> offsets;
    std::optional<std::string> repeated;  // path of the first member that appears twice
    std::size_t repeated_offset = 0;
};
JsonPositions find_json_members(std::string_view text);

}  // namespace skep
