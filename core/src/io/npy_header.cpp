// SPDX-License-Identifier: MIT
#include "io/npy_header.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

#include "skep/common/assert.hpp"

namespace skep {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kVersionBytes = 2;
// NumPy itself refuses longer ones unless told otherwise.
constexpr std::uint64_t kMaxHeaderBytes = 10'000;

struct NamedType {
    std::string_view name;
    skep_dtype dtype;
};
constexpr std::array<NamedType, 5> kTypes = {{{"<f4", SKEP_DTYPE_F32},
                                              {"<f2", SKEP_DTYPE_F16},
                                              {"|i1", SKEP_DTYPE_I8},
                                              {"|u1", SKEP_DTYPE_U8},
                                              {"<i4", SKEP_DTYPE_I32}}};

Error npy_error(skep_status status, const File& file, const std::string& text) {
    return file_error(status, file.operation(), file.path(), "npy header: " + text);
}

// Reads the dictionary that is the header: a Python literal of which only the part that NumPy
// writes is known.
class HeaderText {
  public:
    HeaderText(std::string_view text, const File& file) : text_(text), file_(file) {}

    // The next character that is no blank; '\0' at the end.
    char peek() {
        while (position_ < text_.size() && is_blank(text_[position_]))
            ++position_;
        return position_ < text_.size() ? text_[position_] : '\0';
    }

    bool take_if(char character) {
        if (peek() != character) return false;
        ++position_;
        return true;
    }

    void expect(char character) {
        if (!take_if(character)) throw unexpected(fmt::format("'{}'", character));
    }

    void expect_end() {
        if (peek() != '\0' || position_ != text_.size()) throw unexpected("the end");
    }

    std::string_view string() {
        const char quote = peek();
        if (quote != '\'' && quote != '"') throw unexpected("a string");
        const std::size_t begin = position_ + 1;
        const std::size_t end = text_.find(quote, begin);
        if (end == std::string_view::npos) throw unexpected("a string that ends");
        position_ = end + 1;
        return text_.substr(begin, end - begin);
    }

    bool boolean() {
        peek();
        for (const auto& [name, value] : {std::pair<std::string_view, bool>("True", true),
                                          std::pair<std::string_view, bool>("False", false)}) {
            if (text_.substr(position_).starts_with(name)) {
                position_ += name.size();
                return value;
            }
        }
        throw unexpected("True or False");
    }

    std::uint64_t number() {
        peek();
        std::uint64_t value = 0;
        const char* begin = text_.data() + position_;
        const auto [end, failure] = std::from_chars(begin, text_.data() + text_.size(), value);
        if (failure != std::errc()) throw unexpected("a whole number below 2^64");
        position_ += static_cast<std::size_t>(end - begin);
        return value;
    }

    // "(3, 4)", "(3,)", "()".
    std::vector<std::uint64_t> tuple() {
        std::vector<std::uint64_t> items;
        expect('(');
        while (!take_if(')')) {
            items.push_back(number());
            if (take_if(')')) break;
            expect(',');
        }
        return items;
    }

  private:
    static bool is_blank(char character) {
        return character == ' ' || character == '\n' || character == '\t';
    }

    [[nodiscard]] Error unexpected(const std::string& expected) const {
        return npy_error(SKEP_FILE_CORRUPT, file_,
                         fmt::format("character {}: expected {}", position_, expected));
    }

    std::string_view text_;
    const File& file_;
    std::size_t position_ = 0;
};

struct Fields {
    std::optional<std::string> descr;
    std::optional<bool> is_fortran_order;
    std::optional<std::vector<std::uint64_t>> shape;
};

Fields parse_fields(std::string_view text, const File& file) {
    HeaderText header(text, file);
    Fields fields;
    header.expect('{');
    while (!header.take_if('}')) {
        const std::string_view key = header.string();
        header.expect(':');
        if (key == "descr" && !fields.descr) {
            // A list of fields is a structured type.
            if (header.peek() == '[') {
                throw npy_error(SKEP_UNSUPPORTED_TYPE, file,
                                "'descr' is a structured type; expected '<f4', '<f2', '|i1', "
                                "'|u1' or '<i4'");
            }
            fields.descr = header.string();
        } else if (key == "fortran_order" && !fields.is_fortran_order) {
            fields.is_fortran_order = header.boolean();
        } else if (key == "shape" && !fields.shape) {
            fields.shape = header.tuple();
        } else {
            throw npy_error(SKEP_FILE_CORRUPT, file,
                            fmt::format("field '{}' is there twice or unknown; expected 'descr', "
                                        "'fortran_order' and 'shape'",
                                        key));
        }
        if (header.take_if('}')) break;
        header.expect(',');
    }
    header.expect_end();
    return fields;
}

skep_dtype dtype_of(std::string name, const File& file) {
    // One byte has no order: NumPy reads every mark before it.
    if (name.size() == 3 && name[2] == '1') name[0] = '|';
    const auto found = std::find_if(kTypes.begin(), kTypes.end(),
                                    [&](const NamedType& type) { return type.name == name; });
    if (found == kTypes.end()) {
        throw npy_error(
            SKEP_UNSUPPORTED_TYPE, file,
            fmt::format("'descr' is '{}'; expected '<f4', '<f2', '|i1', '|u1' or '<i4'", name));
    }
    return found->dtype;
}

}  // namespace

NpyHeader read_npy_header(const File& file) {
    const std::uint64_t file_size = file.size();
    constexpr std::size_t kPrefixBytes = kMagic.size() + kVersionBytes;
    std::array<char, kPrefixBytes> prefix{};
    const std::size_t available = std::min<std::uint64_t>(file_size, prefix.size());
    file.read(0, prefix.data(), available);
    const std::size_t num_magic_bytes = std::min(available, kMagic.size());
    if (std::string_view(prefix.data(), num_magic_bytes) != kMagic.substr(0, num_magic_bytes)) {
        throw npy_error(SKEP_FILE_UNKNOWN_FORMAT, file,
                        "the first bytes are not those of an .npy file");
    }
    if (available < prefix.size()) {
        throw npy_error(
            SKEP_FILE_TRUNCATED, file,
            fmt::format("the file has {} bytes; expected {} and more", file_size, kPrefixBytes));
    }
    const auto major = static_cast<unsigned char>(prefix[kMagic.size()]);
    if (major < 1 || major > 3) {
        throw npy_error(SKEP_FILE_TOO_NEW, file, fmt::format("version {}; expected 1 to 3", major));
    }

    // Version 1 counts the text in two bytes, later ones in four.
    const std::size_t length_bytes = major == 1 ? 2 : 4;
    std::uint32_t text_bytes = 0;
    file.read(kPrefixBytes, &text_bytes, length_bytes);
    const std::uint64_t text_offset = kPrefixBytes + length_bytes;
    if (text_bytes > file_size - text_offset) {
        throw npy_error(SKEP_FILE_TRUNCATED, file,
                        fmt::format("{} bytes at offset {} reach past the {} bytes of the file",
                                    text_bytes, text_offset, file_size));
    }
    if (text_bytes > kMaxHeaderBytes) {
        throw npy_error(SKEP_FILE_IMPOSSIBLE_SIZE, file,
                        fmt::format("{} bytes; expected at most {}", text_bytes, kMaxHeaderBytes));
    }
    std::string text(text_bytes, '\0');
    file.read(text_offset, text.data(), text.size());

    const Fields fields = parse_fields(text, file);
    if (!fields.descr || !fields.is_fortran_order || !fields.shape) {
        throw npy_error(SKEP_FILE_CORRUPT, file,
                        "a field is missing; expected 'descr', 'fortran_order' and 'shape'");
    }
    if (fields.shape->size() != 2) {
        throw npy_error(SKEP_UNSUPPORTED, file,
                        fmt::format("'shape' has {} dimensions; expected 2: rows and dim",
                                    fields.shape->size()));
    }
    if (*fields.is_fortran_order) {
        throw npy_error(SKEP_UNSUPPORTED, file,
                        "'fortran_order' is True; expected False: rows one after another");
    }
    return {dtype_of(*fields.descr, file), (*fields.shape)[0], (*fields.shape)[1],
            text_offset + text_bytes};
}

std::string make_npy_header(skep_dtype dtype, std::uint64_t num_rows, std::uint32_t dim) {
    const auto found = std::find_if(kTypes.begin(), kTypes.end(),
                                    [&](const NamedType& type) { return type.dtype == dtype; });
    SKEP_ASSERT(found != kTypes.end(), "NumPy has a name for the element type");
    std::string text = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}, {}), }}",
                                   found->name, num_rows, dim);
    // Blanks and a newline, so that the rows begin at a multiple of 64.
    constexpr std::size_t kAlignment = 64;
    const std::size_t prefix_bytes = kMagic.size() + kVersionBytes + sizeof(std::uint16_t);
    const std::size_t unpadded = prefix_bytes + text.size() + 1;
    text.append((kAlignment - unpadded % kAlignment) % kAlignment, ' ');
    text.push_back('\n');

    const auto text_bytes = static_cast<std::uint16_t>(text.size());
    std::string header(kMagic);
    header.append("\1\0", kVersionBytes);
    header.append(reinterpret_cast<const char*>(&text_bytes), sizeof text_bytes);
    return header + text;
}

}  // namespace skep
