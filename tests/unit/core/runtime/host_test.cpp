// SPDX-License-Identifier: MIT
#include "runtime/host.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "doubles/plugin_folder.hpp"

namespace skep {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::ScopedVariable;

struct Line {
    std::int32_t level;
    std::string component;
    std::uint64_t thread_id;
    std::string message;
};
void note_line(void* user_data, std::int32_t level, const char* component, std::uint64_t thread_id,
               const char* message) {
    static_cast<std::vector<Line>*>(user_data)->push_back({level, component, thread_id, message});
}

const Environment kReading(Environment::Use::kRead);
const Environment kIgnoring(Environment::Use::kIgnore);

TEST(LogSink, ShowsWhatIsAskedForAndNoMore) {
    std::vector<Line> lines;
    const LogSink log(note_line, &lines, SKEP_LOG_WARNING, kIgnoring);

    for (std::int32_t level = -1; level <= SKEP_LOG_DEBUG + 1; ++level) {
        EXPECT_EQ(log.is_enabled(level), level == SKEP_LOG_ERROR || level == SKEP_LOG_WARNING);
        log.write(level, "test", "line " + std::to_string(level));
    }

    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(lines[0].message, "line 1");
    EXPECT_EQ(lines[1].level, SKEP_LOG_WARNING);
    EXPECT_EQ(lines[1].component, "test");
    EXPECT_EQ(lines[1].thread_id, current_thread_id());
}

TEST(LogSink, IsSilentWithoutACallbackAndVariable) {
    ::testing::internal::CaptureStderr();
    const LogSink log(nullptr, nullptr, SKEP_LOG_DEBUG, kIgnoring);
    log.write(SKEP_LOG_ERROR, "test", "unheard");
    EXPECT_FALSE(log.is_enabled(SKEP_LOG_ERROR));
    EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

TEST(LogSink, TheVariableSetsTheLevelUnlessItIsIgnored) {
    const ScopedVariable variable("SKEP_LOG", "info");
    ::testing::internal::CaptureStderr();
    const LogSink reading(nullptr, nullptr, SKEP_LOG_OFF, kReading);
    reading.write(SKEP_LOG_INFO, "test", "heard");
    reading.write(SKEP_LOG_DEBUG, "test", "unheard");
    const LogSink ignoring(nullptr, nullptr, SKEP_LOG_OFF, kIgnoring);
    ignoring.write(SKEP_LOG_ERROR, "test", "unheard");
    const std::string text = ::testing::internal::GetCapturedStderr();
    EXPECT_EQ(text, "skep info test [" + std::to_string(current_thread_id()) + "] heard\n");

    std::vector<Line> lines;
    const LogSink callback(note_line, &lines, SKEP_LOG_ERROR, kReading);
    EXPECT_TRUE(callback.is_enabled(SKEP_LOG_INFO));
}

TEST(LogSink, AnUnknownLevelIsAComplaintAndNoLevel) {
    const ScopedVariable variable("SKEP_LOG", "loud");
    const LogSink log(nullptr, nullptr, SKEP_LOG_OFF, kReading);
    EXPECT_THAT(log.complaint(), HasSubstr("SKEP_LOG is 'loud'; expected off, error"));
    EXPECT_FALSE(log.is_enabled(SKEP_LOG_ERROR));
}

TEST(Host, LendsEveryService) {
    std::vector<Line> lines;
    Host host(LogSink(note_line, &lines, SKEP_LOG_INFO, kIgnoring), 3);
    const skep_host_services& services = host.services();

    EXPECT_EQ(services.struct_size, sizeof services);
    EXPECT_EQ(services.num_workers(services.context), 3U);
    EXPECT_EQ(services.log_enabled(services.context, SKEP_LOG_INFO), 1);
    EXPECT_EQ(services.log_enabled(services.context, SKEP_LOG_DEBUG), 0);
    services.log(services.context, SKEP_LOG_INFO, "cuda", "hello");
    services.log(services.context, SKEP_LOG_INFO, nullptr, nullptr);
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(lines[0].component, "cuda");

    std::atomic<int> count{0};
    services.parallel_for(
        services.context, 10,
        [](void* context, std::uint64_t, std::uint32_t) {
            ++*static_cast<std::atomic<int>*>(context);
        },
        &count);
    EXPECT_EQ(count, 10);
}

TEST(Host, CountsMemoryAndHonoursAlignment) {
    Host host(LogSink(), 1);
    const skep_host_services& services = host.services();
    for (const std::uint64_t alignment : {1U, 2U, 8U, 64U, 4096U}) {
        void* const pointer = services.allocate(services.context, 100, alignment);
        ASSERT_NE(pointer, nullptr);
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(pointer) % alignment, 0U);
        EXPECT_EQ(host.allocated_bytes(), 100U);
        EXPECT_EQ(host.num_allocations(), 1U);
        services.deallocate(services.context, pointer, 100, alignment);
        EXPECT_EQ(host.allocated_bytes(), 0U);
        EXPECT_EQ(host.num_allocations(), 0U);
    }
    services.deallocate(services.context, nullptr, 100, 8);
    EXPECT_EQ(host.allocated_bytes(), 0U);
}

TEST(Host, ReportsMemoryThatCannotBeHad) {
    Host host(LogSink(), 1);
    const skep_host_services& services = host.services();
    EXPECT_EQ(services.allocate(services.context, std::numeric_limits<std::uint64_t>::max(), 8),
              nullptr);
    EXPECT_EQ(services.allocate(services.context, 100, 3), nullptr);
    EXPECT_EQ(services.allocate(services.context, 100, 0), nullptr);
    EXPECT_EQ(host.num_allocations(), 0U);
}

TEST(ProcessEnvironment, ReadsProcessorQuotas) {
    EXPECT_EQ(processors_in_quota("200000 100000"), 2U);
    EXPECT_EQ(processors_in_quota("150000 100000"), 2U);
    EXPECT_EQ(processors_in_quota("1000 100000"), 1U);
    EXPECT_EQ(processors_in_quota("max 100000"), std::nullopt);
    EXPECT_EQ(processors_in_quota(""), std::nullopt);
    EXPECT_EQ(processors_in_quota("200000"), std::nullopt);
    EXPECT_EQ(processors_in_quota("200000 0"), std::nullopt);
    EXPECT_GE(num_usable_processors(), 1U);
}

TEST(ProcessEnvironment, ElevatedPrivilegesHideEveryVariable) {
    const ScopedVariable variable("SKEP_BACKEND_PATH", "/somewhere");
    EXPECT_EQ(kReading.variable("SKEP_BACKEND_PATH"), "/somewhere");
    EXPECT_EQ(kIgnoring.variable("SKEP_BACKEND_PATH"), std::nullopt);
    EXPECT_FALSE(has_elevated_privileges());
}

TEST(ProcessEnvironment, KnowsWhereItsCodeLies) {
    const std::string path = path_of_this_library();
    ASSERT_FALSE(path.empty());
    EXPECT_EQ(path[0], '/');
    EXPECT_TRUE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace skep
