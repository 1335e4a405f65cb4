// SPDX-License-Identifier: MIT
// Runs bindings/conformance through skep.hpp: one test per case.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <ostream>
#include <vector>

#include "conformance_calls.hpp"
#include "conformance_values.hpp"
#include "support/temporary_folder.hpp"

namespace skep::conformance {
namespace {

struct Case {
    std::string topic;
    json::object body;
};

std::ostream& operator<<(std::ostream& out, const Case& one) {
    return out << one.topic << ": " << one.body.at("name").as_string();
}

bool needs(const json::object& body, std::string_view word) {
    const json::value* requirements = body.if_contains("requires");
    if (requirements == nullptr) return false;
    for (const json::value& requirement : requirements->as_array()) {
        if (requirement.as_string() == word) return true;
    }
    return false;
}

std::vector<Case> read_cases() {
    std::vector<Case> cases;
    for (const auto& entry : std::filesystem::directory_iterator(SKEP_CONFORMANCE_CASES)) {
        std::ifstream file(entry.path());
        const std::string text{std::istreambuf_iterator<char>(file), {}};
        const json::object table = json::parse(text).as_object();
        for (const json::value& one : table.at("cases").as_array()) {
            if (needs(one.as_object(), "closed_handles")) continue;  // ownership has no such state
            cases.push_back({std::string(table.at("topic").as_string()), one.as_object()});
        }
    }
    return cases;
}

std::string test_name(const ::testing::TestParamInfo<Case>& info) {
    std::string name = info.param.topic + " " + std::string(info.param.body.at("name").as_string());
    for (char& letter : name) {
        if (std::isalnum(static_cast<unsigned char>(letter)) == 0) letter = '_';
    }
    return name;
}

void expect_failure(Calls& calls, const json::object& step, const json::object& expected) {
    try {
        const json::object answer = calls.make(step);
        ADD_FAILURE() << "expected " << json::serialize(expected) << ", got "
                      << json::serialize(answer);
    } catch (const Error& error) {
        EXPECT_STREQ(skep_status_name(error.status()), expected.at("status").as_string().c_str());
        for (const json::value& part : expected.at("message").as_array()) {
            EXPECT_THAT(error.message(), ::testing::HasSubstr(part.as_string().c_str()));
        }
    }
}

void expect_answer(Calls& calls, const json::object& step) {
    const json::object answer = calls.make(step);
    const json::value* expected = step.if_contains("expect");
    if (expected == nullptr) return;
    for (const auto& [field, value] : expected->as_object()) {
        const json::value* found = answer.if_contains(field);
        ASSERT_NE(found, nullptr) << "no field " << field << " in " << json::serialize(answer);
        EXPECT_EQ(json::serialize(canonical(field, *found)),
                  json::serialize(canonical(field, value)))
            << field;
    }
}

class Conformance : public ::testing::TestWithParam<Case> {};

TEST_P(Conformance, HoldsStepByStep) {
    const testing::TemporaryFolder folder;
    Calls calls(folder.path().string());
    const json::object& body = GetParam().body;
    if (const json::value* requirements = body.if_contains("requires")) {
        for (const json::value& requirement : requirements->as_array()) {
            if (!calls.has(requirement.as_string())) {
                GTEST_SKIP() << "the device lacks " << requirement;
            }
        }
    }
    for (const json::value& value : body.at("steps").as_array()) {
        const json::object& step = value.as_object();
        SCOPED_TRACE(json::serialize(step));
        if (const json::value* error = step.if_contains("error")) {
            expect_failure(calls, step, error->as_object());
        } else {
            ASSERT_NO_THROW(expect_answer(calls, step));
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Table, Conformance, ::testing::ValuesIn(read_cases()), test_name);

}  // namespace
}  // namespace skep::conformance
