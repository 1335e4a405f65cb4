// SPDX-License-Identifier: MIT
// JSON as people and programs read it: indented, short lists on one line, plain decimals.
#pragma once

#include <boost/json/value.hpp>
#include <string>

namespace skep::cli {

// Ends with a newline. An infinite or undefined number becomes null, which JSON has a word for.
[[nodiscard]] std::string json_text(const boost::json::value& value);

}  // namespace skep::cli
