// SPDX-License-Identifier: MIT
#include "skep/common/utf8.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace skep {
namespace {

TEST(Utf8, AcceptsTheLimitsOfEveryLength) {
    const std::vector<std::string> texts = {"",
                                            "a",
                                            "\x7F",
                                            "\xC2\x80",
                                            "\xDF\xBF",
                                            "\xE0\xA0\x80",
                                            "\xED\x9F\xBF",
                                            "\xEE\x80\x80",
                                            "\xEF\xBF\xBF",
                                            "\xF0\x90\x80\x80",
                                            "\xF4\x8F\xBF\xBF"};
    for (const std::string& text : texts)
        EXPECT_EQ(first_not_utf8(text), text.size());
}

TEST(Utf8, RefusesWhatUnicodeRulesOut) {
    const std::vector<std::string> texts = {"\x80",
                                            "\xBF",
                                            "\xC0\x80",
                                            "\xC1\xBF",
                                            "\xE0\x9F\xBF",
                                            "\xED\xA0\x80",
                                            "\xF0\x8F\xBF\xBF",
                                            "\xF4\x90\x80\x80",
                                            "\xF5\x80\x80\x80",
                                            "\xFF",
                                            "\xC2",
                                            "\xE1\x80",
                                            "\xF1\x80\x80",
                                            "\xE1\x80\x41"};
    for (const std::string& text : texts)
        EXPECT_EQ(first_not_utf8(text), 0U) << text.size();
}

TEST(Utf8, NamesThePositionOfTheFirstBadSequence) {
    EXPECT_EQ(first_not_utf8("ab\xC3\xA4\xC3"), 4U);
    EXPECT_EQ(first_not_utf8(std::string_view("a\0\xFF", 3)), 2U);
}

}  // namespace
}  // namespace skep
