// SPDX-License-Identifier: MIT
#include "plugin/json_position.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <vector>

namespace skep {
namespace {

// One pass over brackets, strings and colons; everything else is of no interest.
class MemberScanner {
  public:
    explicit MemberScanner(std::string_view text) : text_(text) {}

    JsonPositions scan() {
        for (offset_ = 0; offset_ < text_.size(); ++offset_) {
            switch (text_[offset_]) {
                case '{':
                    levels_.push_back({true, true, ""});
                    break;
                case '[':
                    levels_.push_back({false, false, ""});
                    break;
                case '}':
                case ']':
                    levels_.pop_back();
                    break;
                case ',':
                    if (!levels_.empty()) levels_.back().expects_name = levels_.back().is_object;
                    break;
                case '"':
                    scan_string();
                    break;
                default:
                    break;
            }
        }
        return std::move(positions_);
    }

  private:
    struct Level {
        bool is_object;
        bool expects_name;
        std::string member;
    };

    // Leaves offset_ at the closing quote.
    void scan_string() {
        const std::size_t begin = offset_;
        for (++offset_; text_[offset_] != '"'; ++offset_) {
            if (text_[offset_] == '\\') ++offset_;
        }
        if (levels_.empty() || !levels_.back().expects_name) return;
        levels_.back().expects_name = false;
        // The parser undoes escapes.
        const std::string_view quoted = text_.substr(begin, offset_ + 1 - begin);
        levels_.back().member =
            std::string(boost::json::parse({quoted.data(), quoted.size()}).as_string());
        note_member(begin);
    }

    void note_member(std::size_t begin) {
        std::string path;
        for (const Level& level : levels_) {
            if (!level.is_object) return;
            path += (path.empty() ? "" : ".") + level.member;
        }
        const bool is_new = positions_.offsets.emplace(path, begin).second;
        if (is_new || positions_.repeated) return;
        positions_.repeated = path;
        positions_.repeated_offset = begin;
    }

    std::string_view text_;
    std::size_t offset_ = 0;
    std::vector<Level> levels_;
    JsonPositions positions_;
};

}  // namespace

TextPosition position_at(std::string_view text, std::size_t offset) {
    TextPosition position;
    for (std::size_t byte = 0; byte < offset && byte < text.size(); ++byte) {
        if (text[byte] == '\n') {
            ++position.line;
            position.column = 1;
        } else {
            ++position.column;
        }
    }
    return position;
}

JsonPositions find_json_members(std::string_view text) {
    return MemberScanner(text).scan();
}

}  // namespace skep
