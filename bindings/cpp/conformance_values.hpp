// SPDX-License-Identifier: MIT
// Values of the conformance table (bindings/conformance/README.md) as C++, and in one canonical
// form in which an answer and an expectation can be compared.
#pragma once

#include <skep/skep.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace skep::conformance {

namespace json = boost::json;

// The bytes of a text, a {"hex"} or a {"repeat", "times"}.
std::string bytes_of(const json::value& value);

// A component or distance: a number, "nan", "inf" or "-inf".
double number_of(const json::value& value);
json::value value_of(double number);

// A u64 key: a number, or a string of digits.
std::uint64_t key_of(const json::value& value);

// Rows of f32, converted to `dtype`. dim: of an empty list.
Matrix matrix_of(const json::array& rows, skep_dtype dtype, std::uint32_t dim);
// The components of a matrix, row by row.
json::array rows_of(const skep_matrix& matrix);

// Keys of one call, as numbers or as texts.
struct KeyList {
    std::vector<std::uint64_t> numbers;
    Texts texts;
    bool is_text = false;

    [[nodiscard]] Keys keys() const { return is_text ? Keys(texts) : Keys(numbers); }
};
KeyList key_list_of(const json::array& keys, skep_key_kind kind);
Texts texts_of(const json::array& texts);

// `field` of an answer or an expectation: numbers as doubles (distances rounded to float), keys and
// texts as strings of their bytes.
json::value canonical(std::string_view field, const json::value& value);

}  // namespace skep::conformance
