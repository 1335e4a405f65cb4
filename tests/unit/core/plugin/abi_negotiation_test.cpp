// SPDX-License-Identifier: MIT
#include "plugin/abi_negotiation.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>

namespace skep {
namespace {

using ::testing::HasSubstr;

constexpr std::uint32_t kHighest = 5;

// What the entry function below answers; set by each test.
struct Script {
    AbiRange range;
    skep_status status = SKEP_OK;
    std::uint32_t picks = 0;
    const skep_backend_operations* operations = nullptr;
    std::string name = "fake";
    int num_operation_calls = 0;
} script;

skep_status counted_create(const skep_host_services*, skep_backend**, skep_error*) {
    ++script.num_operation_calls;
    return SKEP_INTERNAL;
}

skep_status scripted_entry(const skep_backend_request*, skep_backend_answer* answer, skep_error*) {
    answer->min_abi_version = script.range.min;
    answer->max_abi_version = script.range.max;
    answer->abi_version = script.picks;
    answer->operations = script.operations;
    std::snprintf(answer->name, sizeof answer->name, "%s", script.name.c_str());
    return script.status;
}

class Negotiation : public ::testing::Test {
  protected:
    Negotiation() {
        operations_.struct_size = sizeof operations_;
        operations_.create = counted_create;
        script = Script{};
        script.range = {1, 1};
        script.picks = 1;
        script.operations = &operations_;
    }
    skep_backend_operations operations_{};
};

// Checklist row 3: every pair of ranges over 0..5, by a plain search for the highest common one.
TEST_F(Negotiation, PicksTheHighestCommonVersionOrNamesBothRanges) {
    int num_pairs = 0;
    for (std::uint32_t host_min = 0; host_min <= kHighest; ++host_min) {
        for (std::uint32_t host_max = host_min; host_max <= kHighest; ++host_max) {
            for (std::uint32_t min = 0; min <= kHighest; ++min) {
                for (std::uint32_t max = min; max <= kHighest; ++max) {
                    const AbiRange host{host_min, host_max};
                    std::optional<std::uint32_t> expected;
                    for (std::uint32_t version = 0; version <= kHighest; ++version) {
                        if (host.contains(version) && AbiRange{min, max}.contains(version)) {
                            expected = version;
                        }
                    }
                    script.range = {min, max};
                    script.status = expected ? SKEP_OK : SKEP_ABI_MISMATCH;
                    script.picks = expected.value_or(0);

                    EXPECT_EQ(highest_common_version(host, script.range), expected);
                    const Result<skep_backend_answer> answer =
                        negotiate(scripted_entry, host, "fake");
                    ++num_pairs;
                    ASSERT_EQ(answer.has_value(), expected.has_value())
                        << to_text(host) << " and " << to_text(script.range);
                    if (expected) {
                        EXPECT_EQ(answer->abi_version, *expected);
                        continue;
                    }
                    EXPECT_EQ(answer.error().status(), SKEP_ABI_MISMATCH);
                    // A refusal of 0 to 0 looks like a range that was never filled in.
                    if (max != 0) {
                        EXPECT_THAT(answer.error().message(),
                                    HasSubstr("speaks backend ABI " + to_text(script.range)));
                    }
                    EXPECT_THAT(answer.error().message(),
                                HasSubstr("this libskep speaks " + to_text(host)));
                }
            }
        }
    }
    EXPECT_EQ(num_pairs, 21 * 21);
    EXPECT_EQ(script.num_operation_calls, 0);
}

TEST_F(Negotiation, RefusesAVersionOutsideEitherRange) {
    script.range = {1, 3};
    for (const std::uint32_t picks : {0U, 3U, 4U}) {
        script.picks = picks;
        const Result<skep_backend_answer> answer = negotiate(scripted_entry, {1, 2}, "fake");
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().status(), SKEP_BACKEND_MISBEHAVED);
        EXPECT_THAT(answer.error().message(), HasSubstr("PLUGIN-2"));
    }
}

TEST_F(Negotiation, RefusesARefusalThatContradictsItsRange) {
    script.status = SKEP_ABI_MISMATCH;

    const Result<skep_backend_answer> answer = negotiate(scripted_entry, {1, 1}, "fake");

    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().status(), SKEP_BACKEND_MISBEHAVED);
}

TEST_F(Negotiation, RefusesAnAnswerWithoutTable) {
    script.operations = nullptr;

    const Result<skep_backend_answer> answer = negotiate(scripted_entry, {1, 1}, "fake");

    ASSERT_FALSE(answer);
    EXPECT_THAT(answer.error().message(), HasSubstr("without an operation table"));
}

TEST_F(Negotiation, RefusesAnotherName) {
    script.name = "impostor";

    const Result<skep_backend_answer> answer = negotiate(scripted_entry, {1, 1}, "fake");

    ASSERT_FALSE(answer);
    EXPECT_THAT(answer.error().message(), HasSubstr("'fake' calls itself 'impostor'"));
}

TEST_F(Negotiation, HandsOnTheReasonOfAFailedEntry) {
    script.status = SKEP_OUT_OF_HOST_MEMORY;

    const Result<skep_backend_answer> answer = negotiate(scripted_entry, {1, 1}, "fake");

    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().status(), SKEP_OUT_OF_HOST_MEMORY);
    EXPECT_THAT(answer.error().message(), HasSubstr("entry"));
}

}  // namespace
}  // namespace skep
