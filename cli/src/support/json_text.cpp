// SPDX-License-Identifier: MIT
#include "support/json_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cmath>

namespace skep::cli {
namespace {

namespace json = boost::json;

void append(std::string& text, const json::value& value, std::size_t depth);

void append_indent(std::string& text, std::size_t depth) {
    text += '\n';
    text.append(2 * depth, ' ');
}

void append_array(std::string& text, const json::array& array, std::size_t depth) {
    const bool is_flat = std::all_of(array.begin(), array.end(),
                                     [](const json::value& item) { return item.is_primitive(); });
    text += '[';
    for (std::size_t index = 0; index < array.size(); ++index) {
        if (index > 0) text += is_flat ? ", " : ",";
        if (!is_flat) append_indent(text, depth + 1);
        append(text, array[index], depth + 1);
    }
    if (!is_flat) append_indent(text, depth);
    text += ']';
}

void append_object(std::string& text, const json::object& object, std::size_t depth) {
    if (object.empty()) {
        text += "{}";
        return;
    }
    text += '{';
    const char* separator = "";
    for (const json::key_value_pair& member : object) {
        text += separator;
        separator = ",";
        append_indent(text, depth + 1);
        text += json::serialize(member.key()) + ": ";
        append(text, member.value(), depth + 1);
    }
    append_indent(text, depth);
    text += '}';
}

void append(std::string& text, const json::value& value, std::size_t depth) {
    if (const json::object* object = value.if_object()) {
        append_object(text, *object, depth);
    } else if (const json::array* array = value.if_array()) {
        append_array(text, *array, depth);
    } else if (const double* number = value.if_double()) {
        text += std::isfinite(*number) ? fmt::format("{}", *number) : "null";
    } else {
        text += json::serialize(value);
    }
}

}  // namespace

std::string json_text(const boost::json::value& value) {
    std::string text;
    append(text, value, 0);
    text += '\n';
    return text;
}

}  // namespace skep::cli
