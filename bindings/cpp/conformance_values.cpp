// SPDX-License-Identifier: MIT
#include "conformance_values.hpp"

#include <cmath>
#include <cstring>
#include <limits>

namespace skep::conformance {
namespace {

std::string from_hex(std::string_view digits) {
    std::string bytes;
    for (std::size_t position = 0; position + 1 < digits.size(); position += 2) {
        const std::string pair(digits.substr(position, 2));
        bytes.push_back(static_cast<char>(std::stoi(pair, nullptr, 16)));
    }
    return bytes;
}

template <typename Element>
double component(const skep_matrix& matrix, std::uint64_t row, std::uint32_t position) {
    const std::uint64_t stride =
        matrix.row_stride_bytes != 0 ? matrix.row_stride_bytes : matrix.dim * sizeof(Element);
    Element value{};
    std::memcpy(&value,
                static_cast<const char*>(matrix.data) + row * stride + position * sizeof(Element),
                sizeof value);
    return static_cast<double>(value);
}

json::value canonical_text(const json::value& value) {
    if (value.is_int64()) return json::value(std::to_string(value.as_int64()));
    if (value.is_uint64()) return json::value(std::to_string(value.as_uint64()));
    return json::value(bytes_of(value));
}

bool holds_texts(std::string_view field) {
    return field == "keys" || field == "payloads";
}

bool holds_floats(std::string_view field) {
    return field == "distances" || field == "similarity";
}

}  // namespace

std::string bytes_of(const json::value& value) {
    if (value.is_string()) return std::string(value.as_string());
    const json::object& object = value.as_object();
    if (const json::value* hex = object.if_contains("hex")) return from_hex(hex->as_string());
    std::string text;
    for (std::int64_t time = 0; time < object.at("times").as_int64(); ++time) {
        text += std::string_view(object.at("repeat").as_string());
    }
    return text;
}

double number_of(const json::value& value) {
    if (!value.is_string()) return value.to_number<double>();
    const std::string_view text = value.as_string();
    if (text == "inf") return std::numeric_limits<double>::infinity();
    if (text == "-inf") return -std::numeric_limits<double>::infinity();
    if (text == "nan") return std::numeric_limits<double>::quiet_NaN();
    throw std::invalid_argument("no number: " + std::string(text));
}

json::value value_of(double number) {
    if (std::isnan(number)) return "nan";
    if (std::isinf(number)) return number < 0 ? "-inf" : "inf";
    return number;
}

std::uint64_t key_of(const json::value& value) {
    if (value.is_string()) return std::stoull(std::string(value.as_string()));
    return value.to_number<std::uint64_t>();
}

Matrix matrix_of(const json::array& rows, skep_dtype dtype, std::uint32_t dim) {
    const std::uint32_t length =
        rows.empty() ? dim : static_cast<std::uint32_t>(rows.front().as_array().size());
    if (dtype == SKEP_DTYPE_I32) {  // never converted: vector files take it as it is
        Matrix matrix(dtype, rows.size(), length);
        auto* target = static_cast<std::int32_t*>(matrix.mutable_view().data);
        for (const json::value& row : rows) {
            for (const json::value& number : row.as_array()) {
                *target++ = number.to_number<std::int32_t>();
            }
        }
        return matrix;
    }
    std::vector<float> floats;
    for (const json::value& row : rows) {
        for (const json::value& number : row.as_array()) {
            floats.push_back(static_cast<float>(number_of(number)));
        }
    }
    if (dtype == SKEP_DTYPE_F16 || dtype == SKEP_DTYPE_BF16) {
        // What conversion refuses must still reach the call under test.
        Matrix matrix(dtype, rows.size(), length);
        auto* target = static_cast<std::uint16_t*>(matrix.mutable_view().data);
        for (const float number : floats) {
            if (!std::isfinite(number)) {
                const unsigned infinity = dtype == SKEP_DTYPE_F16 ? 0x7C00U : 0x7F80U;
                const unsigned bits = infinity | (number < 0 ? 0x8000U : 0U);
                *target++ = static_cast<std::uint16_t>(std::isnan(number) ? infinity + 1 : bits);
                continue;
            }
            const Matrix one = convert(skep::rows(&number, 1, 1), dtype).value();
            std::memcpy(target++, one.view().data, sizeof *target);
        }
        return matrix;
    }
    const skep_matrix source = skep::rows(floats.data(), rows.size(), length);
    if (dtype == SKEP_DTYPE_F32 || rows.empty()) {
        Matrix matrix(dtype, rows.size(), length);
        if (!rows.empty()) {
            std::memcpy(matrix.mutable_view().data, floats.data(), floats.size() * sizeof(float));
        }
        return matrix;
    }
    return convert(source, dtype).value();
}

json::array rows_of(const skep_matrix& matrix) {
    if (matrix.dtype == SKEP_DTYPE_F16 || matrix.dtype == SKEP_DTYPE_BF16) {
        return rows_of(convert(matrix, SKEP_DTYPE_F32).value().view());
    }
    json::array rows;
    for (std::uint64_t row = 0; row < matrix.num_rows; ++row) {
        json::array components;
        for (std::uint32_t position = 0; position < matrix.dim; ++position) {
            switch (matrix.dtype) {
                case SKEP_DTYPE_F32:
                    components.push_back(value_of(component<float>(matrix, row, position)));
                    break;
                case SKEP_DTYPE_I8:
                    components.push_back(component<std::int8_t>(matrix, row, position));
                    break;
                case SKEP_DTYPE_U8:
                    components.push_back(component<std::uint8_t>(matrix, row, position));
                    break;
                default:
                    components.push_back(component<std::int32_t>(matrix, row, position));
            }
        }
        rows.push_back(std::move(components));
    }
    return rows;
}

KeyList key_list_of(const json::array& keys, skep_key_kind kind) {
    KeyList list;
    list.is_text = kind == SKEP_KEY_STRING;
    for (const json::value& key : keys) {
        if (list.is_text) {
            list.texts.push_back(bytes_of(key));
        } else {
            list.numbers.push_back(key_of(key));
        }
    }
    return list;
}

Texts texts_of(const json::array& texts) {
    Texts list;
    for (const json::value& text : texts)
        list.push_back(bytes_of(text));
    return list;
}

json::value canonical(std::string_view field, const json::value& value) {
    if (const json::array* items = value.if_array()) {
        json::array list;
        for (const json::value& item : *items)
            list.push_back(canonical(field, item));
        return list;
    }
    if (holds_texts(field)) return canonical_text(value);
    if (holds_floats(field)) return value_of(static_cast<float>(number_of(value)));
    if (value.is_number()) return value.to_number<double>();
    return value;
}

}  // namespace skep::conformance
