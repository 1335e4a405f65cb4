// SPDX-License-Identifier: MIT
#include "runtime/call_control.hpp"

#include <gmock/gmock.h>

#include <cstdint>
#include <limits>
#include <thread>
#include <vector>

namespace skep {
namespace {

using ::testing::HasSubstr;

std::unique_ptr<CallControl> make(const skep_call_options& options) {
    Result<std::unique_ptr<CallControl>> control = CallControl::create(&options);
    EXPECT_TRUE(control) << control.error().message();
    return std::move(*control);
}

TEST(CallControl, NothingToStopMeansNoCallToPoll) {
    EXPECT_EQ(CallControl::create(nullptr).value()->call(), nullptr);
    const skep_call_options options = SKEP_CALL_OPTIONS_INIT;
    const auto control = make(options);
    EXPECT_EQ(control->call(), nullptr);
    EXPECT_EQ(control->poll(0, 0), SKEP_OK);
    EXPECT_TRUE(control->check("add", 1, 2));
}

TEST(CallControl, ACancelStopsItAndAResetLetsItRun) {
    skep_cancel* cancel = nullptr;
    ASSERT_EQ(skep_cancel_create(&cancel, nullptr), SKEP_OK);
    skep_call_options options = SKEP_CALL_OPTIONS_INIT;
    options.cancel = cancel;
    const auto control = make(options);
    const skep_call* const call = control->call();
    ASSERT_NE(call, nullptr);

    EXPECT_EQ(call->poll(call->context, 1, 10), SKEP_OK);
    skep_cancel_trigger(cancel);
    EXPECT_EQ(call->poll(call->context, 2, 10), SKEP_CANCELLED);
    const Result<void> checked = control->check("search", 2, 10);
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().status(), SKEP_CANCELLED);
    EXPECT_THAT(checked.error().message(), HasSubstr("search: cancelled after 2 of 10"));
    skep_cancel_reset(cancel);
    EXPECT_EQ(call->poll(call->context, 3, 10), SKEP_OK);

    // Running calls hold the switch themselves.
    skep_cancel_trigger(cancel);
    skep_cancel_destroy(cancel);
    EXPECT_EQ(call->poll(call->context, 4, 10), SKEP_CANCELLED);
}

TEST(CallControl, ADeadlineStopsIt) {
    skep_call_options options = SKEP_CALL_OPTIONS_INIT;
    options.timeout_ns = 1;
    const auto control = make(options);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    EXPECT_EQ(control->poll(0, 0), SKEP_DEADLINE_EXCEEDED);
    EXPECT_THAT(control->check("build", 0, 0).error().message(),
                HasSubstr("build: deadline exceeded"));

    options.timeout_ns = std::numeric_limits<std::uint64_t>::max();
    EXPECT_EQ(make(options)->poll(0, 0), SKEP_OK);
}

struct Progress {
    std::atomic<int> num_calls{0};
    std::atomic<int> num_inside{0};
    std::atomic<bool> overlapped{false};
    int answer = 0;
    std::uint64_t done = 0;
    std::uint64_t total = 0;
};
std::int32_t note_progress(void* user_data, std::uint64_t done, std::uint64_t total) {
    auto& progress = *static_cast<Progress*>(user_data);
    if (progress.num_inside.fetch_add(1) != 0) progress.overlapped = true;
    progress.done = done;
    progress.total = total;
    ++progress.num_calls;
    --progress.num_inside;
    return progress.answer;
}

TEST(CallControl, ProgressIsSpacedOutAndNeverOverlaps) {
    Progress progress;
    skep_call_options options = SKEP_CALL_OPTIONS_INIT;
    options.progress = note_progress;
    options.user_data = &progress;
    const auto control = make(options);
    const auto begin = std::chrono::steady_clock::now();
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; ++thread) {
        threads.emplace_back([&] {
            while (std::chrono::steady_clock::now() - begin < std::chrono::milliseconds(110)) {
                EXPECT_EQ(control->poll(7, 9), SKEP_OK);
            }
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();

    EXPECT_GE(progress.num_calls, 2);
    EXPECT_LE(progress.num_calls, seconds / 0.02 + 1);
    EXPECT_FALSE(progress.overlapped);
    EXPECT_EQ(progress.done, 7U);
    EXPECT_EQ(progress.total, 9U);
}

TEST(CallControl, WhatProgressReturnsOtherThanZeroCancels) {
    Progress progress;
    progress.answer = 1;
    skep_call_options options = SKEP_CALL_OPTIONS_INIT;
    options.progress = note_progress;
    options.user_data = &progress;
    const auto control = make(options);
    EXPECT_EQ(control->poll(0, 1), SKEP_CANCELLED);
    EXPECT_EQ(control->poll(0, 1), SKEP_CANCELLED);
    EXPECT_EQ(progress.num_calls, 1);
}

TEST(CallControl, RefusesShortAndReservedOptions) {
    skep_call_options options = SKEP_CALL_OPTIONS_INIT;
    for (const std::uint32_t size : {0U, 4U, 15U}) {
        options.struct_size = size;
        const auto control = CallControl::create(&options);
        ASSERT_FALSE(control);
        EXPECT_EQ(control.error().status(), SKEP_INVALID_ARGUMENT);
        EXPECT_THAT(control.error().message(), HasSubstr("struct_size is"));
    }
    options = SKEP_CALL_OPTIONS_INIT;
    options.reserved = 9;
    const auto control = CallControl::create(&options);
    ASSERT_FALSE(control);
    EXPECT_THAT(control.error().message(), HasSubstr("reserved is 9; expected 0"));
}

}  // namespace
}  // namespace skep
